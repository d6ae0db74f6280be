"""A glob names the same blobs to Polars as to a listing."""

import polars as pl
import pytest

from glacier import Provider
from glacier.errors import EmptyDatasetError
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite
from tests.stores.globs import GLOBS, NAMES


@pytest.fixture(scope="module")
def globbed(azurite: Azurite) -> tuple[Provider, str]:
    """A container that holds a blob of every name, and its provider."""
    provider, name = Provider(config=azurite.config()), Blobs(azurite).name
    for path in NAMES:
        provider.bucket(name, path, "parquet").write(pl.DataFrame({"name": [path]}))
    return provider, name


@pytest.mark.parametrize("glob", GLOBS)
def test_glob_reads_what_it_lists(glob: str, globbed: tuple[Provider, str]) -> None:
    provider, name = globbed
    bucket = provider.bucket(name, glob, "parquet")

    listed = bucket.list()

    assert listed
    assert sorted(bucket.read()["name"]) == listed


@pytest.mark.parametrize("glob", ["*", "in/a[1", "in/c?.parquet"])
def test_glob_that_matches_nothing_is_an_empty_dataset(
    glob: str, globbed: tuple[Provider, str]
) -> None:
    provider, name = globbed
    bucket = provider.bucket(name, glob, "parquet")

    assert bucket.list() == []
    assert not bucket.exists()
    with pytest.raises(EmptyDatasetError, match="holds no file"):
        bucket.read()


def test_directory_is_no_blob(azurite: Azurite) -> None:
    blobs = Blobs(azurite)
    blobs.client.upload_blob("sales", b"", metadata={"hdi_isfolder": "true"})
    provider = Provider(config=azurite.config())

    assert not provider.bucket(blobs.name, "sales").exists()
    assert provider.bucket(blobs.name, "sales").list() == []
