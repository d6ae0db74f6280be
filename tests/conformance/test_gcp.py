"""Google Cloud passes the shared cases, on the test server."""

from uuid import uuid4

import pytest

from glacier.provider import Provider
from glacier.resources import Bucket, Serverless
from glacier.resources.serverless import Handler
from glacier.testing import BucketCases, Rig, ServerlessCases, TableCases
from tests.rigs.gcp.server import GcpServer

NO_TABS = "the object store in Polars takes no control character in a key, so names have none"
CASES_OF_NAMES = [
    "test_odd_name_of_an_object_round_trips",
    "test_odd_name_of_an_object_is_listed",
    "test_odd_name_of_an_object_is_replaced_and_deleted",
    "test_odd_name_of_a_dataset_round_trips",
    "test_odd_name_of_an_object_can_be_opened",
]


class GcpRig(Rig):
    """The test server, as the owner of its project."""

    def __init__(self, server: GcpServer) -> None:
        self._server = server
        self.known_gaps = {f"{name}[tab]": NO_TABS for name in CASES_OF_NAMES}

    def provider(self) -> Provider:
        return Provider(config=self._server.config())

    def bucket_name(self) -> str:
        name = super().bucket_name()
        self.provider().bucket(name).deploy()
        return name

    def make_unreadable(self, bucket: Bucket) -> Bucket:
        stranger = self._server.key("stranger@glacier-test.iam.gserviceaccount.com")
        config = self._server.config(service_account_key=stranger)
        return Provider(config=config).bucket(bucket.bucket_name, bucket.path)

    def serverless(self, handler: Handler) -> Serverless:
        function = self.provider().serverless(f"function-{uuid4().hex[:8]}", handler)
        function.deploy()
        return function


@pytest.fixture
def rig(gcp_server: GcpServer) -> Rig:
    return GcpRig(gcp_server)


class TestBucket(BucketCases):
    pass


class TestTable(TableCases):
    pass


class TestServerless(ServerlessCases):
    pass
