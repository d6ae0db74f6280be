"""Frames between Polars and a real Spark, in this process."""

import datetime as dt
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import polars as pl
import pytest
from glacier_toy import ToyConfig
from polars.testing import assert_frame_equal

from glacier import Bucket, Provider
from glacier.config import AwsConfig
from glacier.errors import PackageError, RemoteError
from glacier.jobs.distributed import SparkFrames
from glacier.jobs.spark_session import SETTINGS, quiet, spark_session, spark_uri, why_unreachable
from glacier.jobs.staging import new_place
from tests.distributed.test_types import CROSSING, dtype_of, published
from tests.distributed.values import EVERY_TYPE, ODD_NAMES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def staged_files(staging: Bucket) -> list[str]:
    return [path for path in staging.list() if path.endswith(".parquet")]


def test_session_has_the_settings(session: "SparkSession") -> None:
    again = spark_session()

    assert again is session
    assert {key: again.conf.get(key) for key in SETTINGS} == SETTINGS


def test_types_cross_as_the_page_says(frames: SparkFrames) -> None:
    schema = {name: dtype_of(name) for name in CROSSING}
    frame = pl.DataFrame({name: [None] for name in CROSSING}, schema=schema)

    there = frames.to_spark(frame)
    back = frames.to_polars(there)

    assert dict(there.dtypes) == {name: published()[name][0] for name in CROSSING}
    assert back.collect_schema() == {name: dtype_of(published()[name][2]) for name in CROSSING}


def test_types_that_the_page_says_yes_to_are_read_by_spark(
    session: "SparkSession", provider: Provider, frames: SparkFrames
) -> None:
    names = [name for name in CROSSING if published()[name][1] == "yes"]
    bucket = provider.bucket("lake", "x.parquet")
    schema = {name: dtype_of(name) for name in names}
    bucket.write(pl.DataFrame({name: [None] for name in names}, schema=schema))
    scan = bucket.scan()

    unaided = session.read.option("__globPaths__", "false").parquet(spark_uri(bucket, session))

    assert frames.reads_itself(scan) is None
    assert dict(unaided.dtypes) == {name: published()[name][0] for name in names}
    assert frames.to_polars(frames.to_spark(scan)).collect().row(0) == (None,) * len(names)


def test_values_come_back_as_they_were(frames: SparkFrames) -> None:
    frame = EVERY_TYPE.drop("time", "duration", "ns", "nested")

    back = frames.to_polars(frames.to_spark(frame), frame.schema).collect()

    assert back.schema == frame.schema
    assert_frame_equal(back, frame, check_row_order=False)


def test_untouched_scan_gives_spark_the_same_values_as_staging(
    provider: Provider, frames: SparkFrames
) -> None:
    frame = EVERY_TYPE.drop("time", "duration", "ns", "nested", "wide", "half")
    bucket = provider.bucket("lake", "many/")
    bucket.write(frame)

    scan = bucket.scan()
    directly = frames.to_polars(frames.to_spark(scan), frame.schema).collect()

    assert frames.reads_itself(scan) is None
    assert_frame_equal(directly, frame, check_row_order=False)


@pytest.mark.parametrize(
    "other",
    [
        pl.DataFrame({"x": [2]}),
        pl.DataFrame({"x": [2], "y": [2]}, schema_overrides={"y": pl.Int32}),
    ],
    ids=["without a column", "of a smaller type"],
)
def test_dataset_of_unequal_files_is_refused_as_by_polars(
    provider: Provider, frames: SparkFrames, other: pl.DataFrame
) -> None:
    bucket = provider.bucket("lake", "many/")
    (bucket / "1.parquet").write(pl.DataFrame({"x": [1], "y": [1]}))
    (bucket / "2.parquet").write(other)

    with pytest.raises((pl.exceptions.ColumnNotFoundError, pl.exceptions.SchemaError)):
        frames.to_spark(bucket.scan())


def test_odd_names_cross_and_come_back(frames: SparkFrames) -> None:
    frame = pl.DataFrame({name: [number] for number, name in enumerate(ODD_NAMES)})

    there = frames.to_spark(frame)
    back = frames.to_polars(there).collect()

    assert there.columns == list(ODD_NAMES)
    assert back.equals(frame)


def test_frame_without_rows_keeps_its_columns(frames: SparkFrames) -> None:
    frame = EVERY_TYPE.drop("time", "duration", "ns", "nested").clear()

    back = frames.to_polars(frames.to_spark(frame).repartition(3), frame.schema).collect()

    assert back.schema == frame.schema
    assert back.height == 0


def test_lazy_frame_of_this_process_goes_through_staging(
    frames: SparkFrames, staging: Bucket
) -> None:
    frame = pl.LazyFrame({"x": range(10)}).filter(pl.col("x") > 3)

    there = frames.to_spark(frame)

    assert len(staged_files(staging)) == 1
    assert {row["x"] for row in there.collect()} == set(range(4, 10))


def test_large_frame_is_staged_in_several_files(frames: SparkFrames, staging: Bucket) -> None:
    rows = 20_000_000
    frame = pl.LazyFrame({"x": [1]}).select(pl.int_range(rows, dtype=pl.Int64).alias("x"))

    there = frames.to_spark(frame)

    assert len(staged_files(staging)) > 1
    assert there.count() == rows


def test_result_is_written_by_the_workers(
    session: "SparkSession", frames: SparkFrames, staging: Bucket
) -> None:
    frames.to_polars(session.range(100, numPartitions=4).toDF("x")).collect()

    files = staging.list()
    assert len(files) == 4
    assert all(".parquet" in file and "part-0000" in file for file in files)


def test_result_goes_back_to_spark_without_staging_again(
    session: "SparkSession", frames: SparkFrames, staging: Bucket
) -> None:
    result = frames.to_polars(session.range(10).toDF("x"))
    before = staging.list()

    again = frames.to_spark(result)

    assert staging.list() == before
    assert again.count() == 10


def test_schema_of_other_columns_restores_nothing(frames: SparkFrames) -> None:
    there = frames.to_spark(pl.DataFrame({"x": [1], "y": [2]}))

    back = frames.to_polars(there, pl.Schema({"y": pl.Int8, "x": pl.Int8}))

    assert back.collect_schema() == {"x": pl.Int64, "y": pl.Int64}


def test_schema_restores_what_spark_has_widened(frames: SparkFrames) -> None:
    there = frames.to_spark(pl.DataFrame({"n": [2**32 - 1]}, schema={"n": pl.UInt32}))

    back = frames.to_polars(there, pl.Schema({"n": pl.UInt32})).collect()

    assert back.schema == {"n": pl.UInt32}
    assert back["n"].to_list() == [2**32 - 1]


def test_spark_frame_without_columns_is_refused(
    session: "SparkSession", frames: SparkFrames
) -> None:
    with pytest.raises(PackageError, match="Spark frame without columns"):
        frames.to_polars(session.range(1).select())


def test_refused_type_stages_nothing(frames: SparkFrames, staging: Bucket) -> None:
    with pytest.raises(PackageError, match="The column 'x' is Time"):
        frames.to_spark(pl.DataFrame({"x": [dt.time(1)]}))

    assert staging.list() == []


def test_error_of_a_python_function_on_a_worker_comes_without_spark_stack(
    frames: SparkFrames,
) -> None:
    def fail(batches: Any) -> Any:
        raise KeyError("no such shop")

    with quiet():
        there = frames.to_spark(pl.DataFrame({"x": [1]})).mapInArrow(fail, "x long")

    with pytest.raises(RemoteError, match=r"failed on a Spark worker: KeyError: 'no such shop'$"):
        frames.to_polars(there)


def test_error_of_spark_itself_is_left_as_it_is(frames: SparkFrames) -> None:
    from pyspark.errors import ArithmeticException

    there = frames.to_spark(pl.DataFrame({"x": [0]})).selectExpr("1 / x as y")

    with pytest.raises(ArithmeticException, match="DIVIDE_BY_ZERO"):
        frames.to_polars(there)


def test_store_without_connector_is_known(session: "SparkSession") -> None:
    assert why_unreachable(session, "file:///tmp/x") is None
    assert why_unreachable(session, "s3a://b/x") == "this Spark has no connector for s3a://"


def test_store_is_named_by_a_scheme_that_this_spark_has(session: "SparkSession") -> None:
    bucket = Provider(config=AwsConfig(region="us-east-1")).bucket("lake", "a b.parquet")
    configuration = session.sparkContext._jsc.hadoopConfiguration()

    usual = spark_uri(bucket, session)
    configuration.set("fs.s3.impl", "org.apache.hadoop.fs.LocalFileSystem")  # as Glue and EMR do
    native = spark_uri(bucket, session)
    configuration.unset("fs.s3.impl")

    assert usual == "s3a://lake/a b.parquet"
    assert native == "s3://lake/a b.parquet"


def test_staging_that_spark_cannot_reach_is_refused(session: "SparkSession") -> None:
    bucket = Provider(config=ToyConfig(region="attic")).bucket("staging", "jobs/")
    frames = SparkFrames(lambda: new_place(bucket))

    with pytest.raises(
        PackageError, match=r"toy://.* is out of Spark's reach: .* for toy://\. Add"
    ):
        frames.to_spark(pl.DataFrame({"x": [1]}))


def test_scan_of_a_store_without_connector_is_staged(frames: SparkFrames, staging: Bucket) -> None:
    bucket = Provider(config=ToyConfig(region=uuid4().hex)).bucket("lake", "x.parquet")
    bucket.write(pl.DataFrame({"x": [1]}))
    scan = bucket.scan()

    there = frames.to_spark(scan)

    assert frames.reads_itself(scan) == "Spark has no connector for toy://"
    assert len(staged_files(staging)) == 1
    assert [row["x"] for row in there.collect()] == [1]


def test_narwhals_gets_the_rows_as_spark_has_them(frames: SparkFrames) -> None:
    narwhals = pytest.importorskip("narwhals")
    sales = pl.DataFrame({"shop": ["a", "a", "b"], "amount": pl.Series([1, 2, 3], dtype=pl.UInt8)})

    lazy = narwhals.from_native(frames.to_spark(sales))
    totals = lazy.group_by("shop").agg(narwhals.col("amount").sum())
    result = frames.to_polars(narwhals.to_native(totals)).collect()

    assert result.sort("shop").to_dict(as_series=False) == {"shop": ["a", "b"], "amount": [3, 3]}


def test_partitioned_dataset_reaches_spark_with_its_partition_columns(
    provider: Provider, frames: SparkFrames
) -> None:
    bucket = provider.bucket("b", "days/")
    bucket.write(pl.DataFrame({"x": [1, 2], "month": [1, 12]}), partition_by="month")

    there = frames.to_spark(bucket.scan())

    assert sorted(map(tuple, there.collect())) == [(1, 1), (2, 12)]
