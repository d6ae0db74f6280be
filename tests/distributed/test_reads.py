"""Which frames Spark reads by itself; nothing of this needs Spark."""

import re
from collections.abc import Callable

import polars as pl
import pytest

from glacier import Bucket, Provider
from glacier.jobs.distributed import SparkFrames


def why_staged(frame: pl.LazyFrame | pl.DataFrame, provider: Provider) -> str | None:
    return SparkFrames(lambda: provider.bucket("staging", "x/")).reads_itself(frame)


def test_untouched_scan_is_read_by_spark(provider: Provider) -> None:
    file, dataset = provider.bucket("b", "x.parquet"), provider.bucket("b", "many/")
    for bucket in (file, dataset):
        bucket.write(pl.DataFrame({"x": [1]}))

    scans = [file.scan(), dataset.scan()]

    assert [why_staged(scan, provider) for scan in scans] == [None, None]


@pytest.mark.parametrize(
    ("path", "scan", "reason"),
    [
        ("x.parquet", lambda b: b.scan().filter(pl.col("x") > 0), "it is no untouched scan"),
        ("x.parquet", lambda b: b.read(), "it is no untouched scan"),
        ("x.parquet", lambda b: b.scan(n_rows=1), r"scanned with options \(n_rows\)"),
        ("x.csv", lambda b: b.scan(), "its format is csv"),
        (
            "x.parquet/",
            lambda b: Bucket("b", "x.parquet/*", "parquet", b.provider).scan(),
            "pattern",
        ),
        ("_x.parquet", lambda b: b.scan(), "Spark passes over names such as '_x.parquet'"),
        ("at 10:30.parquet", lambda b: b.scan(), "Hadoop can't open 'at 10:30.parquet'"),
    ],
)
def test_scan_that_spark_would_read_otherwise_is_staged(
    provider: Provider, path: str, scan: Callable[[Bucket], pl.LazyFrame], reason: str
) -> None:
    bucket = provider.bucket("b", path)
    bucket.write(pl.DataFrame({"x": [1]}))
    frame = scan(bucket)

    why = why_staged(frame, provider)

    assert re.search(reason, why or "")


def test_partitioned_dataset_is_staged(provider: Provider) -> None:
    bucket = provider.bucket("b", "days/")
    bucket.write(pl.DataFrame({"x": [1], "day": ["2024-01-01"]}), partition_by="day")
    scan = bucket.scan()

    assert why_staged(scan, provider) == "its partition columns are in the names of its directories"


def test_scan_with_a_declared_schema_is_staged(provider: Provider) -> None:
    provider.bucket("b", "x.parquet").write(pl.DataFrame({"x": [1]}))
    scan = provider.bucket("b", "x.parquet", schema={"x": pl.Int64}).scan()

    assert why_staged(scan, provider) == "its bucket declares a schema"


def test_scan_of_a_type_that_spark_reads_otherwise_is_staged(provider: Provider) -> None:
    bucket = provider.bucket("b", "x.parquet")
    bucket.write(pl.DataFrame({"ok": [1], "x": pl.Series([1], dtype=pl.Int128)}))
    scan = bucket.scan()

    assert why_staged(scan, provider) == "Spark does not read 'x' (Int128) as Polars does"
