"""Cases of table formats: their commits are atomic, and append needs no dataset."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier.errors import ObjectExistsError, ObjectNotFoundError, WriteError
from glacier.resources import Bucket
from glacier.testing.base import needs
from glacier.testing.bucket_base import OTHER_ROWS, ROWS, BucketBase, failing_rows


class TableCases(BucketBase):
    """What a bucket whose format keeps a log of its own does."""

    @pytest.fixture(params=["delta", "iceberg"])
    def format(self, request: pytest.FixtureRequest) -> str:
        """The name of a table format."""
        return str(request.param)

    @pytest.fixture
    def table(self, root: Bucket, format: str) -> Bucket:
        """A place for a table, with nothing there yet."""
        return root.provider.bucket(root.bucket_name, "tables/rows", format)

    def test_table_round_trips(self, table: Bucket) -> None:
        table.write(ROWS)

        assert_frame_equal(table.read(), ROWS)

    def test_table_exists_with_its_first_commit(self, table: Bucket) -> None:
        before = table.exists()
        table.write(ROWS)

        assert (before, table.exists()) == (False, True)

    def test_table_is_listed_and_deleted_with_all_its_files(
        self, root: Bucket, table: Bucket
    ) -> None:
        neighbour = root / "tables/rows-2.parquet"
        neighbour.write(OTHER_ROWS)
        table.write(ROWS)
        listed = table.list()

        table.delete()

        assert listed
        assert all(path.startswith("tables/rows/") for path in listed)
        assert (table.exists(), table.list()) == (False, [])
        assert_frame_equal(neighbour.read(), OTHER_ROWS)

    def test_missing_table_can_not_be_read(self, table: Bucket) -> None:
        with pytest.raises(ObjectNotFoundError, match=r"No \w+ table is at"):
            table.read()

    def test_table_is_overwritten(self, table: Bucket) -> None:
        table.write(ROWS)

        table.write(OTHER_ROWS)

        assert_frame_equal(table.read(), OTHER_ROWS)

    @needs("supports_append")
    def test_table_is_appended_to(self, table: Bucket) -> None:
        table.write(ROWS)

        table.write(OTHER_ROWS, mode="append")

        assert_frame_equal(table.read(), pl.concat([ROWS, OTHER_ROWS]), check_row_order=False)

    def test_error_refuses_to_replace_a_table(self, table: Bucket) -> None:
        table.write(ROWS)

        with pytest.raises(ObjectExistsError, match="already holds data"):
            table.write(OTHER_ROWS, mode="error")

        assert_frame_equal(table.read(), ROWS)

    def test_ignore_keeps_a_table(self, table: Bucket) -> None:
        table.write(ROWS)

        table.write(OTHER_ROWS, mode="ignore")

        assert_frame_equal(table.read(), ROWS)

    def test_failed_write_leaves_the_table(self, table: Bucket) -> None:
        table.write(ROWS)

        with pytest.raises(WriteError, match="left it as it was"):
            table.write(failing_rows())

        assert_frame_equal(table.read(), ROWS)

    def test_table_is_written_from_its_own_scan(self, table: Bucket) -> None:
        table.write(ROWS)

        table.write(table.scan().filter(pl.col("number") > 1))

        assert sorted(table.read()["number"]) == [2, 3]
