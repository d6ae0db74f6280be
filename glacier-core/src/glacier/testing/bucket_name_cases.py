"""Cases of names: odd ones are kept as they are, and none leads out of the bucket."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier.errors import PathError
from glacier.resources import Bucket
from glacier.testing.bucket_base import OTHER_ROWS, ROWS, BucketBase
from glacier.testing.rig import Rig

ODD_NAMES = {
    "space": "with two  spaces",
    "tab": "tab\tinside",
    "unicode": "ünï-数据-🧊",
    "percent": "100%",
    "percent-encoded": "a%20b%2Fc",
    "hash": "#1",
    "plus": "a+b",
    "ampersand": "a&b",
    "equals": "k=v,w=x",
    "quotes": 'it\'s "quoted"',
    "braces": "{a}$(b)`c`",
    "colons": "12:30:00",
    "leading-dot": ".hidden",
    "dash": "-rf",
    "tilde": "~root",
    "many-dots": "a...b",
}

ESCAPING_PATHS = {
    "parent": "../rows.parquet",
    "climbing": "a/../../rows.parquet",
    "absolute": "/rows.parquet",
    "backslash": "..\\rows.parquet",
    "nul": "a\0b.parquet",
    "drive": "C:/rows.parquet",
    "empty-part": "a//rows.parquet",
    "stages": ".glacier/rows.parquet",
}

ESCAPING_BUCKETS = {
    "empty": "",
    "itself": ".",
    "parent": "..",
    "slash": "a/b",
    "climbing": "../a",
    "backslash": "a\\b",
    "nul": "a\0b",
    "drive": "C:",
    "stages": ".glacier",
}

odd_names = pytest.mark.parametrize("name", ODD_NAMES.values(), ids=ODD_NAMES)


class NameCases(BucketBase):
    """A name is taken literally, or refused; it is never something else."""

    @odd_names
    def test_odd_name_of_an_object_round_trips(self, root: Bucket, name: str) -> None:
        bucket = root / f"{name}.parquet"

        bucket.write(ROWS)

        assert_frame_equal(bucket.read(), ROWS)

    @odd_names
    def test_odd_name_of_an_object_is_listed(self, root: Bucket, name: str) -> None:
        bucket = root / f"{name}.parquet"

        bucket.write(ROWS)

        assert root.list() == [f"{name}.parquet"]
        assert bucket.exists()

    @odd_names
    def test_odd_name_of_an_object_is_replaced_and_deleted(self, root: Bucket, name: str) -> None:
        bucket = root / f"{name}.parquet"
        bucket.write(ROWS)
        bucket.write(OTHER_ROWS)

        bucket.delete()

        assert root.list() == []

    @odd_names
    def test_odd_name_of_a_dataset_round_trips(self, root: Bucket, name: str) -> None:
        bucket = root / f"{name}/"

        bucket.write(ROWS)
        bucket.write(OTHER_ROWS)

        assert_frame_equal(bucket.read(), OTHER_ROWS)
        assert all(path.startswith(f"{name}/") for path in root.list())

    @odd_names
    def test_odd_name_of_an_object_can_be_opened(self, root: Bucket, name: str) -> None:
        with (root / f"{name}.csv").open("wb") as file:
            file.write(b"number\n7\n")

        assert (root / f"{name}.csv").read()["number"].to_list() == [7]

    def test_names_that_decode_to_each_other_are_two_objects(self, root: Bucket) -> None:
        (root / "a b.parquet").write(ROWS)

        (root / "a%20b.parquet").write(OTHER_ROWS)

        assert_frame_equal((root / "a b.parquet").read(), ROWS)
        assert_frame_equal((root / "a%20b.parquet").read(), OTHER_ROWS)

    def test_longest_name_round_trips(self, rig: Rig, root: Bucket) -> None:
        suffix = ".parquet"
        bucket = root / ("n" * (rig.longest_name - len(suffix)) + suffix)

        bucket.write(ROWS)
        bucket.write(OTHER_ROWS)

        assert_frame_equal(bucket.read(), OTHER_ROWS)

    def test_deep_path_round_trips(self, root: Bucket) -> None:
        bucket = root / ("d/" * 30 + "rows.parquet")

        bucket.write(ROWS)

        assert root.list() == [bucket.path]

    @pytest.mark.parametrize("path", ESCAPING_PATHS.values(), ids=ESCAPING_PATHS)
    def test_path_out_of_the_bucket_is_refused(self, root: Bucket, path: str) -> None:
        with pytest.raises(PathError, match="would leave its bucket or is not legal"):
            root.provider.bucket(root.bucket_name, path)

    @pytest.mark.parametrize("name", ESCAPING_BUCKETS.values(), ids=ESCAPING_BUCKETS)
    def test_bucket_name_that_is_a_path_is_refused(self, rig: Rig, name: str) -> None:
        with pytest.raises(PathError, match="is not legal"):
            rig.provider().bucket(name, "rows.parquet")

    def test_buckets_do_not_share_data(self, rig: Rig) -> None:
        provider = rig.provider()
        one, other = (provider.bucket(rig.bucket_name(), "rows.parquet") for _ in range(2))

        one.write(pl.DataFrame({"owner": ["one"]}))
        other.write(pl.DataFrame({"owner": ["other"]}))

        assert one.read()["owner"].item() == "one"
