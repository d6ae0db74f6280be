"""What the cases of buckets share."""

import polars as pl
import pytest

from glacier.resources import Bucket
from glacier.testing.base import Cases
from glacier.testing.rig import Rig

ROWS = pl.DataFrame({"number": [1, 2, 3], "text": ["one", "zwei", "три"]})
"""What most cases write."""

OTHER_ROWS = pl.DataFrame({"number": [4], "text": ["four"]})
"""What they write after it."""


class BucketBase(Cases):
    """Gives the cases a new bucket each."""

    @pytest.fixture
    def root(self, rig: Rig) -> Bucket:
        """A new and empty bucket; `root / path` is a place in it."""
        return rig.provider().bucket(rig.bucket_name())


def failing_rows() -> pl.LazyFrame:
    """Return a frame whose last row fails, long after its first ones have been written."""
    good = pl.select(number=pl.int_range(200_000), text=pl.lit("1")).lazy()
    bad = pl.LazyFrame({"number": [-1], "text": ["not a number"]})
    return pl.concat([good, bad]).with_columns(pl.col("text").cast(pl.Int64))


def stored_bytes(bucket: Bucket) -> dict[str, bytes]:
    """Return the bytes of every visible file of a bucket by its path."""
    whole = bucket.provider.bucket(bucket.bucket_name)
    stored = {}
    for path in whole.list():
        with (whole / path).open("rb") as file:
            stored[path] = bytes(file.read())
    return stored
