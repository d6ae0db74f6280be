"""A glob names the same objects to Polars as to a listing, on every store."""

import polars as pl
import pytest

from glacier import Bucket, Provider
from glacier.errors import EmptyDatasetError

NAMES = [
    "in/a1.parquet",
    "in/a2.parquet",
    "in/b1.parquet",
    "in/a10.parquet",
    "in/sub/a1.parquet",
    "in/a+b(c).parquet",
    "in/axparquet",
    "in/{x}.parquet",
    "in/a-.parquet",
    "in/a^.parquet",
    "in/a!.parquet",
    "in/ä1.parquet",
    "other/a1.parquet",
]
GLOBS = [
    "in/*.parquet",
    "in/a?.parquet",
    "in/?1.parquet",
    "in/a[12].parquet",
    "in/a[!1].parquet",
    "in/a[0-9].parquet",
    "in/[ab]1.parquet",
    "in/a[-^].parquet",
    "in/a[^-].parquet",
    "in/**",
    "in/**/a1.parquet",
    "**/a1.parquet",
    "*/a1.parquet",
    "in/*/*",
    "in/a+b(c)*",
    "in/{x}*",
]


def fill(provider: Provider, bucket_name: str) -> Bucket:
    """Write an object of every name, and return the bucket."""
    for name in NAMES:
        provider.bucket(bucket_name, name, "parquet").write(pl.DataFrame({"name": [name]}))
    return provider.bucket(bucket_name)


class GlobsOnStores:
    """What holds on every store; a module binds `globbed`, the bucket that `fill` has filled."""

    @pytest.mark.parametrize("glob", GLOBS)
    def test_glob_reads_what_it_lists(self, glob: str, globbed: Bucket) -> None:
        bucket = globbed.provider.bucket(globbed.bucket_name, glob, "parquet")

        listed = bucket.list()

        assert listed
        assert sorted(bucket.read()["name"]) == listed

    @pytest.mark.parametrize("glob", ["*", "in/a[1", "in/c?.parquet"])
    def test_glob_that_matches_nothing_is_an_empty_dataset(
        self, glob: str, globbed: Bucket
    ) -> None:
        bucket = globbed.provider.bucket(globbed.bucket_name, glob, "parquet")

        assert bucket.list() == []
        assert not bucket.exists()
        with pytest.raises(EmptyDatasetError, match="holds no file"):
            bucket.read()
