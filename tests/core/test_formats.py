"""File formats, on this machine's disk."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Bucket, Provider
from glacier.errors import FormatError, SchemaMismatchError, WriteError
from glacier.formats import FileFormat
from glacier.formats.hive import NULL_PARTITION
from glacier.storage import Stage, WriteRequest

FILE_FORMATS = ["parquet", "csv", "ndjson", "ipc"]
HIVE_FORMATS = ["parquet", "ipc"]
TEXT_FORMATS = ["csv", "ndjson"]

FRAME = pl.DataFrame({"code": ["01", "02", None], "x": [1, 2, 3]})
MOMENT = datetime(2024, 1, 31, 13, 45, 1, 2, tzinfo=UTC).replace(tzinfo=None)
VALUES = pl.DataFrame(
    {
        "text": ["01", "a b/ü%=&#+", "*?[x]", "", None],
        "whole": pl.Series([1, -2, 3, None, 5], dtype=pl.Int16),
        "number": [1.5, -2.0, None, 1e300, 0.1],
        "truth": [True, False, None, True, False],
        "day": [date(2024, 1, 31), None, date(1969, 12, 31), date(1, 1, 1), date(9999, 12, 31)],
        "moment": [MOMENT, None, *[MOMENT - timedelta(days=30_000)] * 3],
        "money": pl.Series([Decimal("1.50"), None, *[Decimal("-0.01")] * 3]),
        "row": range(5),
    }
)


def sorted_rows(bucket: Bucket, by: str) -> pl.DataFrame:
    return bucket.scan().sort(by, nulls_last=True).collect()


@pytest.mark.parametrize("format_name", FILE_FORMATS)
def test_file_round_trips(provider: Provider, format_name: str) -> None:
    bucket = provider.bucket("b", f"f.{format_name}", schema=FRAME.schema)

    bucket.write(FRAME)

    assert_frame_equal(bucket.read(), FRAME)


@pytest.mark.parametrize("format_name", FILE_FORMATS)
def test_declared_schema_sets_types_and_order(provider: Provider, format_name: str) -> None:
    provider.bucket("b", "ds/", format_name).write(FRAME)
    schema = {"x": pl.Int64, "code": pl.String}

    frame = provider.bucket("b", "ds/", format_name, schema=schema).read()

    assert frame.schema == schema
    assert_frame_equal(frame, FRAME.select("x", "code"))


@pytest.mark.parametrize("format_name", FILE_FORMATS)
def test_scan_touches_nothing_before_it_is_collected(provider: Provider, format_name: str) -> None:
    bucket = provider.bucket("b", f"later.{format_name}", schema=FRAME.schema)
    scanned = bucket.scan()

    bucket.write(FRAME)

    assert_frame_equal(scanned.collect(), FRAME)


@pytest.mark.parametrize("format_name", ["parquet", "csv", "ndjson"])
def test_empty_dataset_with_a_schema_is_an_empty_frame(
    provider: Provider, base_path: Path, format_name: str
) -> None:
    (base_path / "b" / "ds").mkdir(parents=True)

    frame = provider.bucket("b", "ds/", format_name, schema=FRAME.schema).read()

    assert_frame_equal(frame, FRAME.clear())


@pytest.mark.parametrize("format_name", FILE_FORMATS)
def test_file_without_rows_round_trips_under_a_schema(provider: Provider, format_name: str) -> None:
    bucket = provider.bucket("b", f"f.{format_name}", schema=FRAME.schema)

    bucket.write(FRAME.clear())

    assert_frame_equal(bucket.read(), FRAME.clear())


@pytest.mark.parametrize("format_name", HIVE_FORMATS)
@pytest.mark.parametrize("column", VALUES.columns[:-1])
def test_partition_column_comes_back_with_its_declared_type(
    provider: Provider, format_name: str, column: str
) -> None:
    frame = VALUES.select(column, "row")
    bucket = provider.bucket("b", "ds/", format_name, schema=frame.schema)

    bucket.write(frame, partition_by=column)

    assert bucket.scan().collect_schema() == frame.schema
    assert_frame_equal(sorted_rows(bucket, "row"), frame)


@pytest.mark.parametrize("format_name", HIVE_FORMATS)
def test_partition_columns_without_a_schema_stand_last_with_inferred_types(
    provider: Provider, format_name: str
) -> None:
    bucket = provider.bucket("b", "ds/", format_name)

    bucket.write(FRAME, partition_by="code")

    expected = pl.DataFrame({"x": [1, 2, 3], "code": [1, 2, None]})
    assert_frame_equal(sorted_rows(bucket, "x"), expected)


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
def test_text_files_keep_their_partition_columns(provider: Provider, format_name: str) -> None:
    bucket = provider.bucket("b", "ds/", format_name, schema=FRAME.schema)

    bucket.write(FRAME, partition_by="code")

    assert_frame_equal(sorted_rows(bucket, "x"), FRAME)
    assert any(path.startswith("ds/code=01/") for path in bucket.list())


@pytest.mark.parametrize("format_name", FILE_FORMATS)
def test_several_partition_columns_round_trip(provider: Provider, format_name: str) -> None:
    frame = pl.DataFrame({"a": [1, 1, 2], "b": ["x", "y", "x"], "row": [1, 2, 3]})
    bucket = provider.bucket("b", "ds/", format_name, schema=frame.schema)

    bucket.write(frame, partition_by=["a", "b"])
    bucket.write(frame.with_columns(pl.col("row") + 3), "append", partition_by=["a", "b"])

    assert sorted_rows(bucket, "row").rows() == [
        *frame.rows(),
        *frame.with_columns(pl.col("row") + 3).rows(),
    ]


@pytest.mark.parametrize("format_name", HIVE_FORMATS)
def test_filter_on_a_partition_column_skips_the_other_files(
    provider: Provider, base_path: Path, format_name: str
) -> None:
    bucket = provider.bucket("b", "ds/", format_name, schema=FRAME.schema)
    bucket.write(FRAME, partition_by="code")
    for path in bucket.list():
        if "code=01" not in path:
            (base_path / "b" / path).write_bytes(b"not a file of this format at all")

    found = bucket.scan().filter(pl.col("code") == "01").collect()

    assert found.rows() == [("01", 1)]


@pytest.mark.parametrize("format_name", FILE_FORMATS)
def test_glob_reads_partitions(provider: Provider, format_name: str) -> None:
    provider.bucket("b", "ds/", format_name).write(FRAME, partition_by="code")

    glob = provider.bucket("b", f"ds/**/*.{format_name}", format_name, schema=FRAME.schema)

    assert_frame_equal(sorted_rows(glob, "x"), FRAME)


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (
            pl.DataFrame({"a/b": ["u"], "x": [1]}),
            "The column name 'a/b' can't name a partition directory: it holds /",
        ),
        (
            pl.DataFrame({"k": [[1]], "x": [1]}),
            r"The column 'k' is List\(Int64\), which no scan can read back from a directory name",
        ),
        (
            pl.select(k=pl.duration(days=1), x=1),
            r"The column 'k' is Duration\(time_unit='us'\), which no scan can read back",
        ),
        (
            pl.DataFrame({"k": [NULL_PARTITION], "x": [1]}),
            f"The column 'k' holds the text '{NULL_PARTITION}', which means null",
        ),
    ],
)
def test_partition_that_no_directory_can_name_is_refused(
    provider: Provider, frame: pl.DataFrame, problem: str
) -> None:
    bucket = provider.bucket("b", "ds/")

    with pytest.raises(WriteError, match=problem):
        bucket.write(frame, partition_by=frame.columns[0])

    assert not bucket.exists()


@pytest.mark.parametrize("format_name", FILE_FORMATS)
def test_unknown_partition_column_is_refused(provider: Provider, format_name: str) -> None:
    with pytest.raises(WriteError, match='unable to find column "nope"'):
        provider.bucket("b", "ds/", format_name).write(FRAME, partition_by="nope")


@pytest.mark.parametrize("format_name", FILE_FORMATS)
def test_file_names_of_a_dataset_carry_the_attempt(provider: Provider, format_name: str) -> None:
    bucket = provider.bucket("b", "ds/", format_name)
    stage = bucket.adapter.stage("overwrite")
    chosen = bucket.get_format()
    assert isinstance(chosen, FileFormat)

    chosen.sink(FRAME.lazy(), stage, WriteRequest(partition_by=("x",))).collect()

    assert all(stage.token in name for name in _names(stage))
    assert len(_names(stage)) == 3


def _names(stage: Stage) -> list[str]:
    return [path.name for path in Path(stage.location.path).rglob("*") if path.is_file()]


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
@pytest.mark.parametrize(("suffix", "magic"), [("gz", b"\x1f\x8b"), ("zst", b"\x28\xb5")])
def test_text_is_compressed_as_its_suffix_says(
    provider: Provider, format_name: str, suffix: str, magic: bytes
) -> None:
    bucket = provider.bucket("b", f"f.{format_name}.{suffix}", schema=FRAME.schema)

    bucket.write(FRAME)

    assert_frame_equal(bucket.read(), FRAME)
    with bucket.open("rb") as file:
        assert file.read(2) == magic


@pytest.mark.parametrize("format_name", TEXT_FORMATS)
@pytest.mark.parametrize("partition_by", [None, "x"])
def test_text_datasets_are_compressed_on_request(
    provider: Provider, format_name: str, partition_by: str | None
) -> None:
    bucket = provider.bucket("b", "ds/", format_name, schema=FRAME.schema)

    bucket.write(FRAME, partition_by=partition_by, compression="gzip")

    assert_frame_equal(sorted_rows(bucket, "x"), FRAME)
    assert all(path.endswith(f".{format_name}.gz") for path in bucket.list())


def test_options_reach_polars(provider: Provider) -> None:
    bucket = provider.bucket("b", "f.csv")

    bucket.write(FRAME, separator=";")

    assert_frame_equal(bucket.scan(separator=";", schema=FRAME.schema).collect(), FRAME)


@pytest.mark.parametrize("format_name", HIVE_FORMATS)
def test_bytes_of_another_format_are_refused(
    provider: Provider, base_path: Path, format_name: str
) -> None:
    bucket = provider.bucket("b", f"f.{format_name}")
    bucket.write(FRAME)
    (base_path / "b" / f"f.{format_name}").write_text("code,x\n01,1\n" * 10)

    with pytest.raises(FormatError, match=f"f.{format_name} is not {format_name}: "):
        bucket.read()


@pytest.mark.parametrize(
    ("format_name", "text"),
    [
        ("parquet", "incoming: String != target: Date"),
        ("ipc", "incoming: String != target: Date"),
        ("csv", "could not parse `01` as dtype `date`"),
        ("ndjson", r"cannot parse '01' \(string\) as Date"),
    ],
)
def test_files_that_differ_from_the_declared_schema_are_refused(
    provider: Provider, format_name: str, text: str
) -> None:
    provider.bucket("b", f"f.{format_name}").write(FRAME)
    bucket = provider.bucket("b", f"f.{format_name}", schema={"code": pl.Date, "x": pl.Int64})

    with pytest.raises(SchemaMismatchError, match=f"not fit the schema declared on .*{text}"):
        bucket.read()


def test_ndjson_writes_one_object_a_line(provider: Provider) -> None:
    bucket = provider.bucket("b", "f.ndjson")

    bucket.write(FRAME)

    with bucket.open("r") as file:
        assert [json.loads(line) for line in file] == FRAME.to_dicts()


@pytest.mark.parametrize(
    ("written", "read"),
    [(w, r) for w in FILE_FORMATS for r in ["parquet", "ndjson", "ipc"] if w != r],
)
def test_bytes_of_another_format_are_an_error_that_names_both_file_and_format(
    provider: Provider, written: str, read: str
) -> None:
    provider.bucket("b", "file", written).write(FRAME)

    with pytest.raises(FormatError, match=rf"b/file (is not|can't be read as) {read}: "):
        provider.bucket("b", "file", read).read()


def test_files_of_different_columns_are_an_error_that_says_so(provider: Provider) -> None:
    provider.bucket("b", "ds/one.parquet").write(pl.DataFrame({"a": [1]}))
    provider.bucket("b", "ds/two.parquet").write(pl.DataFrame({"b": [1]}))

    with pytest.raises(SchemaMismatchError, match="do not have the same columns: "):
        provider.bucket("b", "ds/").read()
