"""Cases of writing one object: inputs, modes, formats, and all or nothing."""

import datetime as dt

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier.errors import ObjectExistsError, PathError, StorageError, WriteError
from glacier.formats import FileFormat
from glacier.resources import Bucket
from glacier.storage import Stage, WriteMode, WriteRequest
from glacier.testing.bucket_base import (
    OTHER_ROWS,
    ROWS,
    BucketBase,
    failing_rows,
    stored_bytes,
)


class WriteCases(BucketBase):
    """What a bucket takes, and what its modes mean."""

    @pytest.mark.parametrize("format", ["parquet", "csv", "ndjson", "ipc"])
    def test_file_format_round_trips(self, root: Bucket, format: str) -> None:
        bucket = root.provider.bucket(root.bucket_name, f"rows.{format}", format)

        bucket.write(ROWS)

        assert_frame_equal(bucket.read(), ROWS)

    @pytest.mark.parametrize("format", ["parquet", "csv", "ndjson", "ipc"])
    def test_dataset_of_a_format_round_trips(self, root: Bucket, format: str) -> None:
        bucket = root.provider.bucket(root.bucket_name, "rows/", format)

        bucket.write(ROWS)

        assert_frame_equal(bucket.read(), ROWS, check_row_order=False)

    @pytest.mark.parametrize("format", ["parquet", "ipc"])
    def test_binary_format_keeps_types(self, root: Bucket, format: str) -> None:
        rows = pl.DataFrame(
            {
                "day": [dt.date(2024, 2, 29), None],
                "at": [dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC), None],
                "list": [[1, 2], []],
                "struct": [{"x": 1.5}, {"x": None}],
                "small": pl.Series([1, 2], dtype=pl.UInt8),
                "bytes": [b"\x00\xff", b""],
            }
        )
        bucket = root.provider.bucket(root.bucket_name, f"rows.{format}", format)

        bucket.write(rows)

        assert_frame_equal(bucket.read(), rows)

    def test_write_takes_a_lazy_frame(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"

        bucket.write(ROWS.lazy().filter(pl.col("number") > 1))

        assert bucket.read()["number"].to_list() == [2, 3]

    def test_write_takes_an_arrow_stream(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"

        bucket.write(_ArrowStream(ROWS))

        assert_frame_equal(bucket.read(), ROWS)

    def test_write_refuses_what_is_no_frame(self, root: Bucket) -> None:
        with pytest.raises(WriteError, match="Can't write a dict"):
            (root / "rows.parquet").write({"number": [1]})  # type: ignore[arg-type]

        assert root.list() == []

    def test_write_keeps_the_columns_of_no_rows(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"

        bucket.write(ROWS.clear())

        assert_frame_equal(bucket.read(), ROWS.clear())

    def test_write_passes_its_options_to_polars(self, root: Bucket) -> None:
        bucket = root / "rows.csv"

        bucket.write(ROWS, separator=";")

        with bucket.open("rb") as file:
            assert bytes(file.read()).startswith(b"number;text\n1;one\n")

    def test_overwrite_replaces(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)

        bucket.write(OTHER_ROWS)

        assert_frame_equal(bucket.read(), OTHER_ROWS)
        assert root.list() == ["rows.parquet"]

    def test_error_refuses_to_replace(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)

        with pytest.raises(ObjectExistsError, match="already holds data"):
            bucket.write(OTHER_ROWS, mode="error")

        assert_frame_equal(bucket.read(), ROWS)

    @pytest.mark.parametrize("mode", ["error", "ignore"])
    def test_mode_writes_where_nothing_is(self, root: Bucket, mode: str) -> None:
        bucket = root / "rows.parquet"

        bucket.write(ROWS, mode=mode)  # type: ignore[arg-type]

        assert_frame_equal(bucket.read(), ROWS)

    def test_ignore_keeps_what_is_there(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)

        bucket.write(OTHER_ROWS, mode="ignore")

        assert_frame_equal(bucket.read(), ROWS)

    def test_append_to_one_object_fails(self, root: Bucket) -> None:
        with pytest.raises(PathError, match="can't be appended to"):
            (root / "rows.parquet").write(ROWS, mode="append")

    def test_unknown_mode_fails(self, root: Bucket) -> None:
        with pytest.raises(StorageError, match="Unknown write mode 'replace'"):
            (root / "rows.parquet").write(ROWS, mode="replace")  # type: ignore[arg-type]

    @pytest.mark.parametrize("path", ["*.parquet", "a/[ab].parquet", "r?ws/"])
    def test_write_to_a_glob_fails(self, root: Bucket, path: str) -> None:
        with pytest.raises(PathError, match="is a glob"):
            (root / path).write(ROWS)

    def test_write_without_a_path_fails(self, root: Bucket) -> None:
        with pytest.raises(PathError, match="has no path to write to"):
            root.write(ROWS)

    def test_write_of_a_frame_that_scans_its_target_works(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)

        bucket.write(bucket.scan().with_columns(pl.col("number") * 10))

        assert bucket.read()["number"].to_list() == [10, 20, 30]

    def test_write_of_a_scan_to_its_own_place_changes_nothing(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)

        bucket.write(bucket.scan())

        assert_frame_equal(bucket.read(), ROWS)


class AtomicityCases(BucketBase):
    """A write is all or nothing, and nobody sees it before it is whole."""

    def test_failed_write_leaves_the_old_bytes(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)
        before = stored_bytes(root)

        with pytest.raises(WriteError, match="left it as it was"):
            bucket.write(failing_rows(), row_group_size=1000)

        assert stored_bytes(root) == before

    def test_failed_write_leaves_nothing_where_nothing_was(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"

        with pytest.raises(WriteError, match="left it as it was"):
            bucket.write(failing_rows(), row_group_size=1000)

        assert not bucket.exists()
        assert root.list() == []

    @pytest.mark.parametrize("path", ["rows.parquet", "rows/"])
    def test_filled_stage_is_hidden_until_it_is_committed(self, root: Bucket, path: str) -> None:
        bucket = root / path

        stage = _filled_stage(bucket, ROWS)

        assert (bucket.exists(), root.list()) == (False, [])
        bucket.adapter.commit(stage, "overwrite")
        assert_frame_equal(bucket.read(), ROWS)

    @pytest.mark.parametrize("path", ["rows.parquet", "rows/"])
    def test_leftover_stage_is_no_part_of_the_data(self, root: Bucket, path: str) -> None:
        bucket = root / path
        bucket.write(ROWS)

        _filled_stage(bucket, OTHER_ROWS)

        assert_frame_equal(bucket.read(), ROWS)
        assert len(root.list()) == 1

    @pytest.mark.parametrize("path", ["rows.parquet", "rows/"])
    def test_discarded_stage_can_be_discarded_again(self, root: Bucket, path: str) -> None:
        bucket = root / path
        stage = _filled_stage(bucket, ROWS)

        bucket.adapter.discard(stage)
        bucket.adapter.discard(stage)

        assert root.list() == []

    @pytest.mark.parametrize("path", ["rows.parquet", "rows/"])
    def test_commit_in_error_mode_refuses_what_appeared_meanwhile(
        self, root: Bucket, path: str
    ) -> None:
        bucket = root / path
        stage = _filled_stage(bucket, OTHER_ROWS, mode="error")
        bucket.write(ROWS)

        with pytest.raises(ObjectExistsError):
            bucket.adapter.commit(stage, "error")

        assert_frame_equal(bucket.read(), ROWS)

    def test_stages_of_one_place_do_not_meet(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        first, second = _filled_stage(bucket, ROWS), _filled_stage(bucket, OTHER_ROWS)

        bucket.adapter.commit(second, "overwrite")
        bucket.adapter.commit(first, "overwrite")

        assert_frame_equal(bucket.read(), ROWS)


class _ArrowStream:
    """Rows that are known only by their Arrow PyCapsule."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._frame.__arrow_c_stream__(requested_schema)


def _filled_stage(bucket: Bucket, rows: pl.DataFrame, mode: WriteMode = "overwrite") -> Stage:
    chosen = bucket.get_format()
    assert isinstance(chosen, FileFormat)
    stage = bucket.adapter.stage(mode)
    chosen.sink(rows.lazy(), stage, WriteRequest()).collect(engine="streaming")
    return stage
