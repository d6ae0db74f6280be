"""A column that has no counterpart in Spark stops the run before a job is submitted."""

import datetime as dt
from typing import Any

import narwhals as nw
import polars as pl
import pytest

from glacier import Executor, Provider, pipeline, task
from glacier.errors import PackageError, RunError

Frame = nw.LazyFrame[Any]
WIDE = pl.Series([2**127, None], dtype=pl.UInt128)
TIME = pl.Series([dt.time(12), None])
NANOSECONDS = pl.Series([1, None], dtype=pl.Datetime("ns"))


def narwhals_task(rows: Frame) -> Frame:
    return rows


def group_task(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


@pytest.mark.parametrize("is_scanned", [True, False], ids=["scan", "memory"])
@pytest.mark.parametrize(
    ("column", "partition_by", "advice"),
    [
        (TIME, None, "cast it to Int64 (nanoseconds) or String"),
        (NANOSECONDS, None, 'cast it to Datetime("us"), or to Int64'),
        (WIDE, None, "cast it to Decimal(38, 0) or to String"),
        (WIDE, "key", "cast it to Decimal(38, 0) or to String"),
    ],
    ids=["time", "nanoseconds", "uint128", "uint128-by-group"],
)
def test_type_without_a_counterpart_is_refused_before_submission(
    spark: Executor,
    provider: Provider,
    column: pl.Series,
    partition_by: str | None,
    advice: str,
    is_scanned: bool,
) -> None:
    function: Any = group_task if partition_by else narwhals_task
    bucket = provider.bucket("lake", path="rows.parquet")
    bucket.write(rows(column))
    made = task(executor=spark, partition_by=partition_by)(function)

    @pipeline
    def sending() -> Any:
        return made(bucket.scan() if is_scanned else rows(column))

    with pytest.raises(RunError) as failure:
        sending.run()

    _assert_refused(failure.value, function.__name__, column.dtype, advice)


def test_python_objects_are_refused_before_submission(spark: Executor) -> None:
    objects = pl.Series([object(), None], dtype=pl.Object)
    made: Any = task(executor=spark)(narwhals_task)

    @pipeline
    def sending() -> Any:
        return made(rows(objects))

    with pytest.raises(RunError) as failure:
        sending.run()

    _assert_refused(failure.value, "narwhals_task", pl.Object(), "ordinary types")


def test_type_of_a_derived_frame_is_refused_before_submission(
    spark: Executor, provider: Provider
) -> None:
    bucket = provider.bucket("lake", path="rows.parquet")
    bucket.write(pl.DataFrame({"key": [1], "at": [dt.datetime(2024, 1, 1, tzinfo=dt.UTC)]}))
    made: Any = task(executor=spark)(narwhals_task)

    @task
    def times() -> pl.LazyFrame:
        return bucket.scan().select("key", found=pl.col("at").dt.time())

    @pipeline
    def sending() -> Any:
        return made(times())

    with pytest.raises(RunError) as failure:
        sending.run()

    _assert_refused(failure.value, "narwhals_task", pl.Time(), "cast it to Int64")


def test_type_that_only_comes_up_over_there_fails_its_task(spark: Executor) -> None:
    made: Any = task(executor=spark)(narwhals_task)

    @task(executor=spark)
    def times() -> pl.LazyFrame:
        return rows(TIME).lazy()

    @pipeline
    def sending() -> Any:
        return made(times())

    with pytest.raises(RunError, match=r"Task 'narwhals_task' failed on .*'found' is Time") as late:
        sending.run()

    assert late.value.run is not None
    assert list(late.value.run.errors) == ["narwhals_task"]
    assert len(late.value.run.jobs) == 1


def rows(column: pl.Series) -> pl.DataFrame:
    return pl.DataFrame([pl.Series("key", [1, 2]), column.alias("found")])


def _assert_refused(error: RunError, name: str, dtype: pl.DataType, advice: str) -> None:
    run = error.run
    assert run is not None
    failure = run.errors[name]
    assert f"Task {name!r} failed on Executor('spark'): PackageError: " in str(failure)
    assert f"The column 'found' is {dtype}: that has no counterpart in Spark." in str(failure)
    assert advice in str(failure)
    assert isinstance(failure.__cause__, PackageError)
    assert failure.__cause__.__dict__["column"] == "found"
    assert run.jobs == []
