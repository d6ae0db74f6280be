"""A glob names the same objects to Polars as to a listing."""

import polars as pl
import pytest

from glacier import Provider
from glacier.errors import EmptyDatasetError
from tests.rigs.aws.server import AwsServer
from tests.stores.globs import GLOBS, NAMES


@pytest.fixture(scope="module")
def globbed(aws_server: AwsServer) -> tuple[Provider, str]:
    """A bucket that holds an object of every name, and its provider."""
    provider = Provider(config=aws_server.config())
    provider.bucket("globbed").deploy()
    for name in NAMES:
        provider.bucket("globbed", name, "parquet").write(pl.DataFrame({"name": [name]}))
    return provider, "globbed"


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
