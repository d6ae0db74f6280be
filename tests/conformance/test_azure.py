"""Azure passes the shared cases, on Azurite."""

from uuid import uuid4

import pytest
from azure.storage.blob import BlobServiceClient

from glacier.provider import Provider
from glacier.resources import Bucket, Executor, Serverless
from glacier.resources.serverless import Handler
from glacier.testing import BucketCases, ExecutorCases, Rig, ServerlessCases, TableCases
from glacier_azure.storage.connection import DEVELOPMENT_KEY
from tests.glacier_azure.functions import make_group
from tests.glacier_azure.synapse import synapse_executor
from tests.rigs.azure.azurite import Azurite
from tests.rigs.azure.server import AzureServer

NO_TABS = "the object store in Polars takes no control character in a key, so names have none"
CASES_OF_NAMES = [
    "test_odd_name_of_an_object_round_trips",
    "test_odd_name_of_an_object_is_listed",
    "test_odd_name_of_an_object_is_replaced_and_deleted",
    "test_odd_name_of_a_dataset_round_trips",
    "test_odd_name_of_an_object_can_be_opened",
]


class AzureRig(Rig):
    """The account of Azurite."""

    def __init__(self, server: Azurite) -> None:
        self._server = server
        self.known_gaps = {f"{name}[tab]": NO_TABS for name in CASES_OF_NAMES}

    def provider(self) -> Provider:
        return Provider(config=self._server.config())

    def bucket_name(self) -> str:
        name = super().bucket_name()
        client = BlobServiceClient(self._server.endpoint, credential=DEVELOPMENT_KEY)
        client.create_container(name)
        return name

    def make_unreadable(self, bucket: Bucket) -> Bucket:
        config = self._server.config(account_key=None, sas_token=self._server.signature("t"))
        return Provider(config=config).bucket(bucket.bucket_name, bucket.path)


class ControlPlanesRig(AzureRig):
    """The account of Azurite, with the control planes beside it."""

    def __init__(self, server: AzureServer) -> None:
        super().__init__(server.azurite)
        self._azure = server

    def serverless(self, handler: Handler) -> Serverless:
        provider = Provider(config=self._azure.config())
        function = provider.serverless(f"function-{uuid4().hex[:8]}", handler)
        function.deploy()
        return function

    def executor(self, *, most_at_once: int | None = None) -> Executor:
        # A job takes three nodes: one for its driver, two for its executors.
        nodes = 200 if most_at_once is None else 3 * most_at_once
        return synapse_executor(self._azure, nodes=nodes)


@pytest.fixture
def rig(azurite: Azurite) -> Rig:
    return AzureRig(azurite)


class TestBucket(BucketCases):
    pass


class TestTable(TableCases):
    pass


@pytest.fixture
def rig_of_planes(azure_server: AzureServer, monkeypatch: pytest.MonkeyPatch) -> Rig:
    for name, value in azure_server.identity.items():
        monkeypatch.setenv(name, value)
    make_group(azure_server)
    return ControlPlanesRig(azure_server)


class TestServerless(ServerlessCases):
    @pytest.fixture
    def rig(self, rig_of_planes: Rig) -> Rig:
        return rig_of_planes


class TestExecutor(ExecutorCases):
    @pytest.fixture
    def rig(self, rig_of_planes: Rig) -> Rig:
        return rig_of_planes
