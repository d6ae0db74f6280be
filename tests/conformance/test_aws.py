"""AWS passes the shared cases, on moto's server."""

from uuid import uuid4

import pytest

from glacier.config import GlueConfig
from glacier.provider import Provider
from glacier.resources import Bucket, Executor, Serverless
from glacier.resources.serverless import Handler
from glacier.testing import BucketCases, ExecutorCases, Rig, ServerlessCases, TableCases
from tests.rigs.aws.server import AwsServer

STRANGER = "AKIDSTRANGER"
NO_TABS = "the object store in Polars takes no control character in a key, so names have none"
CASES_OF_NAMES = [
    "test_odd_name_of_an_object_round_trips",
    "test_odd_name_of_an_object_is_listed",
    "test_odd_name_of_an_object_is_replaced_and_deleted",
    "test_odd_name_of_a_dataset_round_trips",
    "test_odd_name_of_an_object_can_be_opened",
]


class AwsRig(Rig):
    """An account on the rig's server."""

    job_seconds = 120.0

    def __init__(self, server: AwsServer) -> None:
        self._server = server
        self.known_gaps = {f"{name}[tab]": NO_TABS for name in CASES_OF_NAMES}

    def provider(self) -> Provider:
        return Provider(config=self._server.config())

    def bucket_name(self) -> str:
        name = super().bucket_name()
        self.provider().bucket(name).deploy()
        return name

    def executor(self, *, most_at_once: int | None = None) -> Executor:
        fields = {} if most_at_once is None else {"max_concurrent_runs": most_at_once}
        return self.provider().executor(f"jobs-{uuid4().hex}", config=GlueConfig(**fields))

    def make_unreadable(self, bucket: Bucket) -> Bucket:
        self._server.lock(bucket.bucket_name, STRANGER)
        stranger = Provider(config=self._server.config(access_key_id=STRANGER))
        return stranger.bucket(bucket.bucket_name, bucket.path)

    def serverless(self, handler: Handler) -> Serverless:
        function = self.provider().serverless(f"function-{uuid4().hex[:8]}", handler)
        function.deploy()
        return function


@pytest.fixture
def rig(aws_server: AwsServer) -> Rig:
    return AwsRig(aws_server)


class TestBucket(BucketCases):
    pass


class TestTable(TableCases):
    pass


class TestExecutor(ExecutorCases):
    pass


class TestServerless(ServerlessCases):
    pass
