"""Groups of a frame's rows on the workers of a real Spark."""

import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from polars.testing import assert_frame_equal
from polars.testing.parametric import dataframes

from glacier import Bucket, Provider
from glacier.errors import PackageError, PipelineError, RemoteError
from glacier.jobs.distributed import SparkFrames
from glacier.jobs.group_call import GroupCall
from glacier.jobs.staging import new_place
from glacier.jobs.types import to_wire
from tests.distributed.spark import spark_is_there
from tests.distributed.test_types import LOST, TYPES, dtype_of
from tests.distributed.values import EVERY_TYPE, ODD_NAMES

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@settings(
    max_examples=3,
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


def test_rows_of_a_group_keep_the_order_of_files_of_any_name(
    provider: Provider, by_group: Callable[..., pl.DataFrame]
) -> None:
    bucket = provider.bucket("lake", "rows/")
    for number, name in enumerate(("a b", "a!", "z", "é")):  # as Polars orders them
        (bucket / f"{name}.parquet").write(pl.DataFrame({"k": [1], "x": [number]}))

    result = by_group(bucket.scan(), ["k"], lambda group: group)

    assert result["x"].to_list() == [0, 1, 2, 3]


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

    answers = call(frame.rename({"k": "c0"}).to_arrow().to_batches())

    assert [batch.num_rows for batch in answers] == [100_000, 100_000, 50_000]


def test_wire_of_a_result_is_that_of_the_page(frames: SparkFrames) -> None:
    answers, schema = frames.by_group(
        EVERY_TYPE, ["key"], lambda group: group, EVERY_TYPE.schema, eager=True
    )

    assert schema == EVERY_TYPE.schema
    assert answers.columns == list(to_wire(schema, natural=False))
