"""Azure passes the shared cases, on Azurite."""

import pytest
from azure.storage.blob import BlobServiceClient

from glacier.provider import Provider
from glacier.resources import Bucket
from glacier.testing import BucketCases, Rig, TableCases
from glacier_azure.storage.connection import DEVELOPMENT_KEY
from tests.rigs.azure.azurite import Azurite

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


@pytest.fixture
def rig(azurite: Azurite) -> Rig:
    return AzureRig(azurite)


class TestBucket(BucketCases):
    pass


class TestTable(TableCases):
    pass
