"""Cases of looking at a bucket: scan, read, exists, list, open, delete."""

import re

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier.errors import (
    AccessDeniedError,
    FormatError,
    ObjectNotFoundError,
    PathError,
    SchemaMismatchError,
)
from glacier.resources import Bucket
from glacier.testing.base import needs
from glacier.testing.bucket_base import ROWS, BucketBase, stored_bytes
from glacier.testing.rig import Rig


class ReadCases(BucketBase):
    """What a bucket tells of the data that it holds."""

    def test_scan_gives_a_lazy_frame_of_the_rows(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)

        frame = bucket.scan()

        assert isinstance(frame, pl.LazyFrame)
        assert_frame_equal(frame.collect(), ROWS)

    def test_scan_filters_and_selects(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)

        found = bucket.scan().filter(pl.col("number") > 1).select("text").head(1).collect()

        assert found.to_dict(as_series=False) == {"text": ["zwei"]}

    def test_scan_passes_its_options_to_polars(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)

        assert bucket.scan(n_rows=2).collect().height == 2

    def test_scan_of_a_misspelt_column_fails(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)

        with pytest.raises(pl.exceptions.ColumnNotFoundError, match="nmber"):
            bucket.scan().select("nmber").collect()

    def test_scan_of_a_missing_object_fails_as_not_found(self, root: Bucket) -> None:
        with pytest.raises(FileNotFoundError):
            (root / "missing.parquet").scan().collect()

    def test_read_of_a_missing_object_fails_with_its_uri(self, root: Bucket) -> None:
        bucket = root / "missing.parquet"

        with pytest.raises(ObjectNotFoundError) as failure:
            bucket.read()

        assert bucket.get_uri() in str(failure.value)

    def test_read_of_another_format_fails(self, root: Bucket) -> None:
        with (root / "rows.parquet").open("wb") as file:
            file.write(b"number,text\n1,one\n" * 10)

        with pytest.raises(FormatError, match="is not parquet"):
            (root / "rows.parquet").read()

    @needs("native")
    def test_location_is_where_polars_finds_the_rows(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)

        location = bucket.adapter.location()

        options = dict(location.storage_options or {}) or None
        frame = pl.scan_parquet(
            location.uri,
            storage_options=options,
            credential_provider=location.credential_provider,
        )
        assert_frame_equal(frame.collect(), ROWS)

    def test_declared_schema_is_scanned_without_data(self, root: Bucket) -> None:
        bucket = root.provider.bucket(root.bucket_name, "missing.parquet", schema=ROWS.schema)

        assert bucket.scan().collect_schema() == ROWS.schema

    def test_declared_schema_scans_what_is_there_when_it_is_collected(self, root: Bucket) -> None:
        bucket = root.provider.bucket(root.bucket_name, "rows.parquet", schema=ROWS.schema)
        frame = bucket.scan().filter(pl.col("number") < 3).select("text")
        bucket.write(ROWS)

        assert frame.collect()["text"].to_list() == ["one", "zwei"]

    def test_declared_schema_refuses_rows_that_differ(self, root: Bucket) -> None:
        bucket = root.provider.bucket(root.bucket_name, "rows.parquet", schema=ROWS.schema)
        bucket.write(ROWS)
        before = stored_bytes(root)

        with pytest.raises(SchemaMismatchError, match="number: declared Int64, got String"):
            bucket.write(ROWS.with_columns(pl.col("number").cast(pl.String)))

        assert stored_bytes(root) == before

    def test_exists_follows_the_data(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"

        before = bucket.exists()
        bucket.write(ROWS)

        assert (before, bucket.exists()) == (False, True)

    def test_exists_of_the_bucket_itself(self, root: Bucket) -> None:
        (root / "rows.parquet").write(ROWS)

        assert root.exists()

    def test_exists_of_an_absent_bucket_is_false(self, rig: Rig) -> None:
        assert not rig.provider().bucket("glacier-0000-absent").exists()

    def test_exists_of_the_start_of_a_name_is_false(self, root: Bucket) -> None:
        (root / "rows.parquet").write(ROWS)

        assert not (root / "rows").exists()

    def test_exists_is_an_error_where_access_is_denied(self, rig: Rig, root: Bucket) -> None:
        bucket = root / "secret/rows.parquet"
        bucket.write(ROWS)

        denied = rig.make_unreadable(bucket)

        with pytest.raises(AccessDeniedError, match=re.escape(denied.bucket_name)):
            denied.exists()

    def test_exists_of_a_dataset_is_an_error_where_access_is_denied(
        self, rig: Rig, root: Bucket
    ) -> None:
        bucket = root / "secret/"
        bucket.write(ROWS)

        denied = rig.make_unreadable(bucket)

        with pytest.raises(AccessDeniedError, match=re.escape(denied.bucket_name)):
            denied.exists()

    def test_read_is_an_error_where_access_is_denied(self, rig: Rig, root: Bucket) -> None:
        bucket = root / "secret/rows.parquet"
        bucket.write(ROWS)

        denied = rig.make_unreadable(bucket)

        with pytest.raises(AccessDeniedError, match=re.escape(denied.bucket_name)):
            denied.read()

    def test_list_names_every_file_sorted(self, root: Bucket) -> None:
        for path in ("b.parquet", "a/z.parquet", "a.parquet"):
            (root / path).write(ROWS)

        assert root.list() == ["a.parquet", "a/z.parquet", "b.parquet"]

    def test_list_of_a_file_names_it(self, root: Bucket) -> None:
        bucket = root / "a/rows.parquet"
        bucket.write(ROWS)

        assert bucket.list() == ["a/rows.parquet"]

    def test_list_of_nothing_is_empty(self, root: Bucket) -> None:
        assert (root / "missing.parquet").list() == []
        assert (root / "missing/").list() == []

    def test_delete_removes_the_object(self, root: Bucket) -> None:
        (root / "kept.parquet").write(ROWS)
        (root / "gone.parquet").write(ROWS)

        (root / "gone.parquet").delete()

        assert root.list() == ["kept.parquet"]

    def test_delete_of_nothing_does_nothing(self, root: Bucket) -> None:
        (root / "missing.parquet").delete()
        (root / "missing/").delete()

        assert root.list() == []

    def test_open_gives_the_bytes_that_were_written(self, root: Bucket) -> None:
        bucket = root / "notes.csv"
        with bucket.open("wb") as file:
            file.write(b"number\n1\n")

        with bucket.open("rb") as file:
            content = bytes(file.read())

        assert content == b"number\n1\n"

    def test_open_reads_and_writes_text(self, root: Bucket) -> None:
        bucket = root / "notes.csv"
        with bucket.open("w") as file:
            file.write("number\n1\n")

        with bucket.open("r") as file:
            assert file.read() == "number\n1\n"

    def test_open_of_a_missing_object_fails(self, root: Bucket) -> None:
        bucket = root / "missing.csv"

        with pytest.raises(ObjectNotFoundError) as failure:
            bucket.open("rb")

        assert bucket.get_uri() in str(failure.value)

    def test_open_of_a_dataset_fails(self, root: Bucket) -> None:
        with pytest.raises(PathError, match="is a dataset and can't be opened"):
            (root / "rows/").open("rb")

    def test_uri_names_bucket_and_path(self, root: Bucket) -> None:
        uri = (root / "a/rows.parquet").get_uri()

        assert "://" in uri
        assert root.bucket_name in uri
        assert uri.endswith("a/rows.parquet")

    def test_filesystem_reaches_the_object(self, root: Bucket) -> None:
        bucket = root / "rows.parquet"
        bucket.write(ROWS)

        assert bucket.filesystem.isfile(bucket.adapter.location().path)
