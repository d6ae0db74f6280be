"""Frames between Polars and a real Spark, in this process."""

import datetime as dt
import os
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import polars as pl
import pytest
from glacier_toy import ToyConfig
from hypothesis import HealthCheck, given, settings
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes

from glacier import Bucket, Provider
from glacier.config import LocalConfig
from glacier.errors import PackageError, PipelineError, RemoteError
from glacier.jobs.distributed import SparkFrames
from glacier.jobs.group_call import GroupCall
from glacier.jobs.spark_session import SETTINGS, quiet, spark_session, spark_uri, why_unreachable
from glacier.jobs.staging import new_place
from glacier.jobs.types import to_wire
from tests.core.spark import spark_is_there
from tests.core.test_spark_types import CROSSING, LOST, TYPES, dtype_of, published

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ODD_NAMES = ("a.b", "a b", "`", "A", "a", "", "x,;{}()\n\t=", "^.*$", "_metadata")

EVERY_TYPE = pl.DataFrame(
    {
        "key": pl.Series([1, 2, 2, None], dtype=pl.UInt8),
        "time": [dt.time(1, 2, 3, 4), None, dt.time(2), dt.time(0)],
        "duration": pl.Series([1, None, -3, 0], dtype=pl.Duration("ms")),
        "category": pl.Series(["a", "b", None, "a"], dtype=pl.Categorical),
        "enum": pl.Series(["a", "b", None, "z"], dtype=pl.Enum(["b", "a", "z"])),
        "unsigned": pl.Series([2**64 - 1, 0, None, 1], dtype=pl.UInt64),
        "wide": pl.Series([10**37, -(10**37), None, 0], dtype=pl.Int128),
        "ns": pl.Series([1, None, 3, -1], dtype=pl.Datetime("ns", "Europe/Berlin")),
        "naive": pl.Series([1, None, 3, -1], dtype=pl.Datetime("us")),
        "ms": pl.Series([1, None, 3, -1], dtype=pl.Datetime("ms")),
        "zoned": pl.Series([1, None, 3, -1], dtype=pl.Datetime("us", "Europe/Berlin")),
        "early": [dt.date(1, 1, 1), dt.date(1582, 10, 10), None, dt.date(9999, 12, 31)],
        "nothing": pl.Series([None] * 4, dtype=pl.Null),
        "array": pl.Series([[1, 2], None, [3, 4], [None, 5]], dtype=pl.Array(pl.UInt8, 2)),
        "nested": pl.Series(
            [[{"t": dt.time(1), "d": dt.timedelta(1), "c": "x"}], None, [], [None]],
            dtype=pl.List(pl.Struct({"t": pl.Time, "d": pl.Duration("ns"), "c": pl.Enum(["x"])})),
        ),
        "bytes": [b"\x00\xff", None, b"", b"x"],
        "half": pl.Series([1.5, None, float("nan"), -0.0], dtype=pl.Float16),
        "decimal": pl.Series([1, None, 2, 3], dtype=pl.Decimal(38, 10)),
        "struct": [{"f.g": None, "F.g": "x"}, None, {"f.g": 1, "F.g": None}, {"f.g": 2, "F.g": ""}],
        "map": pl.Series([{"a": 1}, None, {}, {"b": None}], dtype=pl.Map(pl.String, pl.UInt8)),
        "text": ["ü\n", "", None, "x" * 1000],
    }
)


@pytest.fixture(scope="module")
def session() -> Iterator["SparkSession"]:
    """A Spark of this process, with two cores."""
    spark_is_there()
    os.environ["PYSPARK_SUBMIT_ARGS"] = (
        "--master local[2] --conf spark.ui.enabled=false pyspark-shell"
    )
    session = spark_session()
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()
    del os.environ["PYSPARK_SUBMIT_ARGS"]


@pytest.fixture
def provider(tmp_path: Path) -> Provider:
    """A provider whose paths have every character that Spark could stumble over."""
    return Provider(config=LocalConfig(base_path=tmp_path / "ü %20#x[1]{a}*?b"))


@pytest.fixture
def staging(provider: Provider) -> Bucket:
    return provider.bucket("staging", "jobs/")


@pytest.fixture
def frames(session: "SparkSession", staging: Bucket) -> SparkFrames:
    return SparkFrames(lambda: new_place(staging))


@pytest.fixture
def by_group(frames: SparkFrames) -> Callable[..., pl.DataFrame]:
    """Calls a function by group on Spark, as a task with partition_by is."""

    def run(
        frame: pl.DataFrame | pl.LazyFrame,
        keys: list[str],
        function: Callable[[Any], Any],
        schema: pl.Schema | None = None,
        eager: bool = True,
    ) -> pl.DataFrame:
        empty = pl.DataFrame(schema=frame.lazy().collect_schema())
        if schema is None:
            schema = function(empty if eager else empty.lazy()).lazy().collect_schema()
        answers, restored_schema = frames.by_group(frame, keys, function, schema, eager=eager)
        return frames.to_polars(answers, restored_schema).collect()

    return run


def staged_files(staging: Bucket) -> list[str]:
    return [path for path in staging.list() if path.endswith(".parquet")]


# There and back


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

    unaided = session.read.option("__globPaths__", "false").parquet(spark_uri(bucket))

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


# Group by group


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=dataframes(
        min_cols=3,
        max_cols=6,
        min_size=1,
        max_size=20,
        allow_time_zones=True,
        excluded_dtypes=[pl.Object, pl.UInt128, pl.Int128, pl.Unknown, pl.Null, pl.Extension],
    )
)
def test_any_group_comes_and_goes_unchanged(
    by_group: Callable[..., pl.DataFrame], rows: pl.DataFrame
) -> None:
    frame = rows.with_columns(number=pl.int_range(pl.len()), k=pl.int_range(pl.len()) % 2)

    result = by_group(frame, ["k"], lambda group: group)

    assert list(result.schema.items()) == list(frame.schema.items())
    assert_frame_equal(result.sort("number"), frame)


def test_group_has_the_types_values_and_order_that_it_had(
    by_group: Callable[..., pl.DataFrame],
) -> None:
    def check(group: pl.DataFrame) -> pl.DataFrame:
        return group.with_columns(found=pl.lit(str(list(group.schema.items()))))

    result = by_group(EVERY_TYPE, ["key"], check)

    assert result["found"].unique().to_list() == [str(list(EVERY_TYPE.schema.items()))]
    assert result.drop("found").schema == EVERY_TYPE.schema
    assert_frame_equal(
        result.drop("found").sort("key", "text"), EVERY_TYPE.sort("key", "text"), check_exact=True
    )


def test_group_of_nulls_keeps_every_type(by_group: Callable[..., pl.DataFrame]) -> None:
    names = [name for name in TYPES if name not in LOST]
    schema = {name: dtype_of(name) for name in names}
    frame = pl.DataFrame({name: [None] for name in names}, schema=schema)

    result = by_group(frame, ["Time", 'Enum(["a", "b"])'], lambda group: group)

    assert result.schema == frame.schema
    assert result.equals(frame)


@pytest.mark.parametrize(
    "keys", [["time"], ["category", "unsigned"], ["wide", "bytes"], ["ns"], ["nothing", "early"]]
)
def test_groups_are_those_of_polars(by_group: Callable[..., pl.DataFrame], keys: list[str]) -> None:
    def count(group: pl.DataFrame) -> pl.DataFrame:
        return group.select(pl.col(keys).first(), n=pl.len())

    frame = pl.concat([EVERY_TYPE.select(keys)] * 2)
    expected = pl.concat(map(count, frame.partition_by(keys)))

    result = by_group(frame, keys, count)

    assert result.schema == expected.schema
    assert_frame_equal(result, expected, check_row_order=False)


def test_groups_of_nan_and_of_zero_are_those_of_polars(
    provider: Provider, by_group: Callable[..., pl.DataFrame]
) -> None:
    (other_nan,) = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000001))
    frame = pl.DataFrame({"k": [float("nan"), other_nan, 0.0, -0.0, None, None, 1.0]})
    bucket = provider.bucket("lake", "k.parquet")
    bucket.write(frame)

    staged, read = (
        by_group(rows, ["k"], lambda group: group.select(n=pl.len()))
        for rows in (frame, bucket.scan())
    )

    assert sorted(staged["n"]) == sorted(read["n"]) == [1, 2, 2, 2]


@pytest.mark.parametrize("is_read_by_spark", [True, False])
def test_rows_of_a_group_keep_their_order(
    provider: Provider, by_group: Callable[..., pl.DataFrame], is_read_by_spark: bool
) -> None:
    rows = pl.DataFrame({"k": [i % 3 for i in range(3000)], "x": range(3000)})
    bucket = provider.bucket("lake", "rows/")
    for start in (0, 1000, 2000):
        part = bucket / f"{start:05}.parquet"
        part.write(rows.slice(start, 1000), row_group_size=100)
    scan = bucket.scan()

    result = by_group(
        scan if is_read_by_spark else rows,
        ["k"],
        lambda group: group.select(pl.col("k").first(), steps=pl.col("x").diff().n_unique()),
    )

    assert result["steps"].to_list() == [2, 2, 2]  # null, and 3


def test_groups_run_in_several_processes(by_group: Callable[..., pl.DataFrame]) -> None:
    frame = pl.DataFrame({"k": list("abcdefg"), "x": range(7)})

    result = by_group(
        frame, ["k"], lambda group: group.select("k", pid=pl.lit(os.getpid(), dtype=pl.Int64))
    )

    assert sorted(result["k"]) == list("abcdefg")
    assert result["pid"].n_unique() > 1
    assert os.getpid() not in result["pid"]


def test_rows_are_shuffled_once(
    provider: Provider, frames: SparkFrames, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = provider.bucket("lake", "x.parquet")
    bucket.write(pl.DataFrame({"k": [1, 2], "x": [1, 2]}))
    schema = bucket.read().schema

    answers, _ = frames.by_group(bucket.scan(), ["k"], lambda group: group, schema, eager=True)
    answers.explain()

    plan = capsys.readouterr().out
    assert plan.count("Exchange") == 1
    assert "REPARTITION_BY_NUM" in plan
    assert answers.inputFiles()[0].endswith("/lake/x.parquet")


def test_odd_names_reach_the_groups(
    provider: Provider, by_group: Callable[..., pl.DataFrame]
) -> None:
    frame = pl.DataFrame({name: [number, 10] for number, name in enumerate(ODD_NAMES)})
    bucket = provider.bucket("lake", "odd.parquet")
    bucket.write(frame)

    staged, read = (
        by_group(rows, list(ODD_NAMES), lambda group: group) for rows in (frame, bucket.scan())
    )

    assert_frame_equal(staged, frame, check_row_order=False)
    assert_frame_equal(read, frame, check_row_order=False)


def test_column_named_as_spark_metadata_reaches_the_groups(
    provider: Provider, by_group: Callable[..., pl.DataFrame]
) -> None:
    frame = pl.DataFrame({"_metadata": [1], "file": ["a"], "row": [3], "c0": [4]})
    bucket = provider.bucket("lake", "odd.parquet")
    bucket.write(frame)

    assert by_group(bucket.scan(), ["row", "_metadata"], lambda group: group).equals(frame)


def test_function_of_lazy_frames_gets_and_returns_them(
    by_group: Callable[..., pl.DataFrame],
) -> None:
    def total(group: pl.LazyFrame) -> pl.LazyFrame:
        assert isinstance(group, pl.LazyFrame)
        return group.group_by("k").agg(pl.col("x").sum(), n=pl.len())

    result = by_group(pl.LazyFrame({"k": [1, 1, 2], "x": [1, 2, 3]}), ["k"], total, eager=False)

    assert result.sort("k").to_dict(as_series=False) == {"k": [1, 2], "x": [3, 3], "n": [2, 1]}
    assert result.schema == {"k": pl.Int64, "x": pl.Int64, "n": pl.UInt32}


def test_frame_without_rows_has_no_group(by_group: Callable[..., pl.DataFrame]) -> None:
    result = by_group(EVERY_TYPE.clear(), ["key"], lambda group: group.select(n=pl.len()))

    assert result.equals(pl.DataFrame(schema={"n": pl.UInt32}))


def test_group_may_return_no_rows(by_group: Callable[..., pl.DataFrame]) -> None:
    result = by_group(EVERY_TYPE, ["key"], lambda group: group.clear())

    assert result.height == 0
    assert result.schema == EVERY_TYPE.schema


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g.cast({"x": pl.Float64}), "'x': expected Int64, found Float64"),
        (lambda g: g.cast({"x": pl.Int32}), "'x': expected Int64, found Int32"),
        (lambda g: g.drop("x"), "'x': expected Int64, found no such column"),
        (lambda g: g.with_columns(y=1), "'y': expected no such column, found Int32"),
        (lambda g: g.select("x", "k"), "expected the order k, x, found x, k"),
    ],
)
def test_group_of_other_columns_is_refused(
    change: Callable[[pl.DataFrame], pl.DataFrame], message: str
) -> None:
    frame = pl.DataFrame({"k": ["b"], "x": [1]})
    call = GroupCall.of(change, frame.schema, ("k",), frame.schema, eager=True)

    with pytest.raises(PipelineError) as raised:
        call.answer(frame)

    assert "returned other columns for the group k='b' than its schema" in str(raised.value)
    assert message in str(raised.value)


def test_group_of_other_columns_fails_on_its_worker(
    by_group: Callable[..., pl.DataFrame],
) -> None:
    frame = pl.DataFrame({"k": ["a", "b"], "x": [1, 2]})

    def differ(group: pl.DataFrame) -> pl.DataFrame:
        return group.cast({"x": pl.Float64}) if group["k"][0] == "b" else group

    with pytest.raises(RemoteError, match=r"'differ' .* k='b' .*'x': expected Int64, found Float"):
        by_group(frame, ["k"], differ, frame.schema)


def test_long_keys_are_cut_in_errors() -> None:
    frame = pl.DataFrame({"k": ["word " * 1000]})
    call = GroupCall.of(lambda group: None, frame.schema, ("k",), frame.schema, eager=True)

    with pytest.raises(
        PipelineError, match=r"for the group k='word .*\[\.\.\.\]; expected"
    ) as raised:
        call.answer(frame)

    assert len(str(raised.value)) < 500


def test_group_that_returns_no_frame_fails_with_its_keys(
    by_group: Callable[..., pl.DataFrame],
) -> None:
    frame = pl.DataFrame({"k": [None], "x": [1]}, schema={"k": pl.String, "x": pl.Int64})

    def forgetful(group: pl.DataFrame) -> None:
        group.head()

    with pytest.raises(RemoteError, match="'forgetful' returned NoneType for the group k=None;"):
        by_group(frame, ["k"], forgetful, frame.schema)


def test_error_of_a_group_names_it_and_has_the_traceback(
    by_group: Callable[..., pl.DataFrame],
) -> None:
    frame = pl.DataFrame({"k": [7]})

    def divide(group: pl.DataFrame) -> pl.DataFrame:
        return group / (group.height - group.height) if 1 // (group.height - 1) else group

    with pytest.raises(RemoteError) as raised:
        by_group(frame, ["k"], divide, frame.schema)

    assert raised.value.remote_type == "ZeroDivisionError"
    assert "It was raised by 'divide' for the group k=7." in str(raised.value)
    assert "in divide" in raised.value.remote_traceback
    assert "org.apache.spark" not in raised.value.remote_traceback


def test_key_that_is_no_column_is_refused(by_group: Callable[..., pl.DataFrame]) -> None:
    with pytest.raises(PipelineError, match=r"partition_by names 'day', .* it has 'k'"):
        by_group(pl.DataFrame({"k": [1]}), ["day"], lambda group: group)


def test_nested_key_is_refused(by_group: Callable[..., pl.DataFrame]) -> None:
    with pytest.raises(PipelineError, match=r"names 'k', which is List\(Int64\); Spark groups by"):
        by_group(pl.DataFrame({"k": [[1]]}), ["k"], lambda group: group)


def test_result_type_that_cannot_travel_is_refused(by_group: Callable[..., pl.DataFrame]) -> None:
    frame = pl.DataFrame({"k": [1]})

    with pytest.raises(PackageError, match="The column 'x' is UInt128"):
        by_group(frame, ["k"], lambda group: group, pl.Schema({"x": pl.UInt128}))


def test_function_that_cannot_be_pickled_is_refused(by_group: Callable[..., pl.DataFrame]) -> None:
    import threading

    lock = threading.Lock()

    def locked(group: pl.DataFrame) -> pl.DataFrame:
        with lock:
            return group

    with pytest.raises(PackageError, match=r"'locked' can't travel to Spark's workers: .*lock"):
        by_group(pl.DataFrame({"k": [1]}), ["k"], locked)


def test_modules_of_the_code_reach_the_workers(
    session: "SparkSession", staging: Bucket, tmp_path: Path
) -> None:
    code = tmp_path / "project_code.zip"
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("project_of_a_job/__init__.py", "")
        archive.writestr(
            "project_of_a_job/steps.py", "def twice(group):\n    return group.vstack(group)\n"
        )
    frames = SparkFrames(lambda: new_place(staging), code)

    def imports(group: pl.DataFrame) -> pl.DataFrame:
        from project_of_a_job.steps import twice  # type: ignore[import-not-found]

        return twice(group)  # type: ignore[no-any-return]

    frame = pl.DataFrame({"k": [1]})
    answers, schema = frames.by_group(frame, ["k"], imports, frame.schema, eager=True)

    assert frames.to_polars(answers, schema).collect()["k"].to_list() == [1, 1]


def test_large_answer_of_a_group_comes_in_batches() -> None:
    spark_is_there(needs_java=False)
    frame = pl.DataFrame({"k": pl.repeat("x", 250_000, eager=True)})
    call = GroupCall.of(lambda group: group, frame.schema, ("k",), frame.schema, eager=True)

    arrow = call(frame.rename({"k": "c0"}).to_arrow())

    assert [batch.num_rows for batch in arrow.to_batches()] == [100_000, 100_000, 50_000]


def test_wire_of_a_result_is_that_of_the_page(frames: SparkFrames) -> None:
    answers, schema = frames.by_group(
        EVERY_TYPE, ["key"], lambda group: group, EVERY_TYPE.schema, eager=True
    )

    assert schema == EVERY_TYPE.schema
    assert answers.columns == list(to_wire(schema, natural=False))
