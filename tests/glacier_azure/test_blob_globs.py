"""Globs on Blob Storage."""

import pytest

from glacier import Bucket, Provider
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite
from tests.stores.globs import GlobsOnStores, fill


@pytest.fixture(scope="module")
def globbed(azurite: Azurite) -> Bucket:
    return fill(Provider(config=azurite.config()), Blobs(azurite).name)


class TestGlobs(GlobsOnStores):
    pass


def test_directory_is_no_blob(azurite: Azurite) -> None:
    blobs = Blobs(azurite)
    blobs.client.upload_blob("sales", b"", metadata={"hdi_isfolder": "true"})
    provider = Provider(config=azurite.config())

    assert not provider.bucket(blobs.name, "sales").exists()
    assert provider.bucket(blobs.name, "sales").list() == []
