"""Google Cloud passes the shared cases, on the test server."""

from uuid import uuid4

import pytest

from glacier.provider import Provider
from glacier.resources import Bucket, Executor, Serverless
from glacier.resources.serverless import Handler
from glacier.testing import BucketCases, ExecutorCases, Rig, ServerlessCases, TableCases
from tests.glacier_gcp.dataproc import MOST_JOBS, batch_executor, cluster_executor
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


class DataprocRig(GcpRig):
    """The test server, whose jobs run on clusters or as serverless batches."""

    def __init__(self, server: GcpServer, *, is_serverless: bool) -> None:
        super().__init__(server)
        self._is_serverless = is_serverless

    def executor(self, *, most_at_once: int | None = None) -> Executor:
        if self._is_serverless:
            if most_at_once is not None:
                pytest.skip("how many batches run at a time is a quota of the project")
            return batch_executor(self._server)
        limits = {} if most_at_once is None else {MOST_JOBS: str(most_at_once)}
        software = {"config": {"softwareConfig": {"properties": limits}}}
        return cluster_executor(self._server, overrides={"cluster": software})


class TestExecutor(ExecutorCases):
    @pytest.fixture
    def rig(self, gcp_server: GcpServer) -> Rig:
        return DataprocRig(gcp_server, is_serverless=False)


class TestServerlessExecutor(ExecutorCases):
    @pytest.fixture
    def rig(self, gcp_server: GcpServer) -> Rig:
        return DataprocRig(gcp_server, is_serverless=True)
