"""Cases of datasets: many files below one prefix, hive partitions, globs."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier.errors import EmptyDatasetError, ObjectExistsError, PathError, WriteError
from glacier.resources import Bucket
from glacier.testing.base import needs
from glacier.testing.bucket_base import (
    OTHER_ROWS,
    ROWS,
    BucketBase,
    failing_rows,
    stored_bytes,
)

SALES = pl.DataFrame({"amount": [1, 2, 3, 4], "year": [2023, 2023, 2024, 2025]})


class DatasetCases(BucketBase):
    """What a path that ends in `/`, or holds a glob, means."""

    def test_dataset_is_files_below_its_path(self, root: Bucket) -> None:
        bucket = root / "rows/"

        bucket.write(ROWS)

        assert bucket.list()
        assert all(path.startswith("rows/") for path in bucket.list())
        assert all(path.endswith(".parquet") for path in bucket.list())

    def test_dataset_exists_with_its_first_file(self, root: Bucket) -> None:
        bucket = root / "rows/"

        before = bucket.exists()
        bucket.write(ROWS)

        assert (before, bucket.exists()) == (False, True)

    def test_dataset_is_not_its_neighbour(self, root: Bucket) -> None:
        (root / "rows/").write(ROWS)
        (root / "rows-old/").write(OTHER_ROWS)

        (root / "rows/").delete()

        assert not (root / "rows/").exists()
        assert_frame_equal((root / "rows-old/").read(), OTHER_ROWS)

    def test_dataset_without_files_can_not_be_read(self, root: Bucket) -> None:
        (root / "other.parquet").write(ROWS)

        with pytest.raises(EmptyDatasetError, match="holds no file"):
            (root / "rows/").read()

    def test_dataset_is_empty_after_delete(self, root: Bucket) -> None:
        bucket = root / "rows/"
        bucket.write(SALES, partition_by="year")

        bucket.delete()

        assert (bucket.exists(), bucket.list()) == (False, [])
        with pytest.raises(EmptyDatasetError, match="holds no file"):
            bucket.read()

    def test_overwrite_of_a_dataset_leaves_no_old_file(self, root: Bucket) -> None:
        bucket = root / "rows/"
        bucket.write(ROWS)
        old = set(bucket.list())

        bucket.write(OTHER_ROWS)

        assert_frame_equal(bucket.read(), OTHER_ROWS)
        assert not old & set(bucket.list())

    def test_overwrite_of_a_dataset_removes_stale_partitions(self, root: Bucket) -> None:
        bucket = root / "sales/"
        bucket.write(SALES, partition_by="year")

        bucket.write(SALES.filter(pl.col("year") == 2024), partition_by="year")

        assert bucket.read()["year"].to_list() == [2024]
        assert all(path.startswith("sales/year=2024/") for path in bucket.list())

    @needs("supports_append")
    def test_append_adds_rows(self, root: Bucket) -> None:
        bucket = root / "rows/"
        bucket.write(ROWS)

        bucket.write(OTHER_ROWS, mode="append")

        assert_frame_equal(bucket.read(), pl.concat([ROWS, OTHER_ROWS]), check_row_order=False)

    @needs("supports_append")
    def test_append_to_nothing_makes_the_dataset(self, root: Bucket) -> None:
        bucket = root / "rows/"

        bucket.write(ROWS, mode="append")

        assert_frame_equal(bucket.read(), ROWS)

    @needs("supports_append")
    def test_append_to_the_same_partitions_keeps_all_rows(self, root: Bucket) -> None:
        bucket = root / "sales/"
        for _ in range(3):
            bucket.write(SALES, mode="append", partition_by="year")

        assert bucket.read()["amount"].sum() == 3 * SALES["amount"].sum()

    def test_error_refuses_a_dataset_that_holds_data(self, root: Bucket) -> None:
        bucket = root / "rows/"
        bucket.write(ROWS)

        with pytest.raises(ObjectExistsError, match="already holds data"):
            bucket.write(OTHER_ROWS, mode="error")

        assert_frame_equal(bucket.read(), ROWS)

    def test_ignore_keeps_a_dataset(self, root: Bucket) -> None:
        bucket = root / "rows/"
        bucket.write(ROWS)

        bucket.write(OTHER_ROWS, mode="ignore")

        assert_frame_equal(bucket.read(), ROWS)

    @pytest.mark.parametrize("mode", ["overwrite", "append"])
    def test_failed_write_leaves_the_old_dataset(self, root: Bucket, mode: str) -> None:
        bucket = root / "rows/"
        bucket.write(ROWS)
        before = stored_bytes(root)

        with pytest.raises(WriteError, match="left it as it was"):
            bucket.write(failing_rows(), mode=mode, row_group_size=1000)  # type: ignore[arg-type]

        assert stored_bytes(root) == before

    def test_write_of_a_frame_that_scans_its_dataset_works(self, root: Bucket) -> None:
        bucket = root / "rows/"
        bucket.write(ROWS)

        bucket.write(bucket.scan().filter(pl.col("number") > 1))

        assert sorted(bucket.read()["number"]) == [2, 3]

    @pytest.mark.parametrize("format", ["parquet", "csv", "ndjson", "ipc"])
    def test_partitions_come_back_as_columns(self, root: Bucket, format: str) -> None:
        bucket = root.provider.bucket(root.bucket_name, "sales/", format)

        bucket.write(SALES, partition_by="year")

        found = bucket.read().select("amount", "year")
        assert_frame_equal(found, SALES, check_row_order=False, check_dtypes=False)

    def test_partitions_are_hive_directories(self, root: Bucket) -> None:
        bucket = root / "sales/"

        bucket.write(SALES.with_columns(month=pl.lit(7)), partition_by=["year", "month"])

        directories = {path.rpartition("/")[0] for path in bucket.list()}
        assert directories == {f"sales/year={year}/month=7" for year in (2023, 2024, 2025)}

    def test_partition_can_be_scanned_alone(self, root: Bucket) -> None:
        (root / "sales/").write(SALES, partition_by="year")

        found = (root / "sales/year=2023/").scan().select("amount").collect()

        assert sorted(found["amount"]) == [1, 2]

    def test_partition_values_with_odd_characters_come_back(self, root: Bucket) -> None:
        bucket = root / "cities/"
        cities = ["São Paulo", "a/b", "50%", "x=y", "#1 & only", "a+b"]

        bucket.write(
            pl.DataFrame({"city": cities, "number": range(len(cities))}), partition_by="city"
        )

        assert bucket.read().sort("number")["city"].to_list() == cities

    def test_partitions_of_one_object_fail(self, root: Bucket) -> None:
        with pytest.raises(PathError, match="can't be partitioned by year"):
            (root / "sales.parquet").write(SALES, partition_by="year")

    def test_glob_reads_the_files_that_match(self, root: Bucket) -> None:
        for name in ("a1", "a2", "b1"):
            (root / f"in/{name}.parquet").write(pl.DataFrame({"name": [name]}))

        assert sorted((root / "in/a?.parquet").read()["name"]) == ["a1", "a2"]
        assert sorted((root / "in/[ab]1.parquet").read()["name"]) == ["a1", "b1"]

    def test_glob_lists_the_files_that_match(self, root: Bucket) -> None:
        for path in ("in/a.parquet", "in/b.parquet", "in/deep/c.parquet"):
            (root / path).write(ROWS)

        assert (root / "in/*.parquet").list() == ["in/a.parquet", "in/b.parquet"]

    def test_glob_of_two_stars_crosses_directories(self, root: Bucket) -> None:
        for path in ("in/a.parquet", "in/deep/er/c.parquet"):
            (root / path).write(pl.DataFrame({"path": [path]}))

        found = (root / "in/**/*.parquet").read()["path"]

        assert sorted(found) == ["in/a.parquet", "in/deep/er/c.parquet"]

    def test_glob_exists_if_a_file_matches(self, root: Bucket) -> None:
        (root / "in/a.parquet").write(ROWS)

        assert (root / "in/*.parquet").exists()
        assert not (root / "in/b*.parquet").exists()

    def test_glob_that_matches_nothing_can_not_be_read(self, root: Bucket) -> None:
        (root / "in/a.parquet").write(ROWS)

        with pytest.raises(EmptyDatasetError, match="holds no file"):
            (root / "in/b*.parquet").read()

    def test_subpath_of_a_dataset_is_a_place_in_it(self, root: Bucket) -> None:
        bucket = root / "in/"

        (bucket / "deep" / "a.parquet").write(ROWS)

        assert bucket.list() == ["in/deep/a.parquet"]

    def test_subpath_of_a_glob_fails(self, root: Bucket) -> None:
        with pytest.raises(PathError, match="nothing lies below it"):
            root / "in/*" / "a.parquet"
