"""Tasks that run on every group of their frame."""

from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Bucket, Provider, pipeline, task
from glacier.errors import DecorationError, RunError

SALES = pl.DataFrame(
    {"shop": ["x", "y", "x", None, "y"], "day": [1, 1, 2, 1, 2], "amount": [1, 2, 3, 4, 5]}
)


@pytest.fixture
def sales(provider: Provider) -> Bucket:
    bucket = provider.bucket("lake", path="sales.parquet")
    bucket.write(SALES)
    return bucket


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


def test_body_runs_on_every_group_and_results_are_put_together(sales: Bucket) -> None:
    seen: list[tuple[object, int]] = []

    @task(partition_by="shop")
    def running_total(frame: pl.DataFrame) -> pl.DataFrame:
        seen.append((frame["shop"][0], frame.height))
        return frame.with_columns(total=pl.col("amount").cum_sum())

    @pipeline
    def grouped() -> Any:
        frame: Any = load(sales)
        return running_total(frame)

    run = grouped.run()

    assert seen == [("x", 2), ("y", 2), (None, 1)]
    assert_frame_equal(
        run.result.collect(),
        SALES.with_columns(total=pl.col("amount").cum_sum().over("shop")),
        check_row_order=False,
    )


def test_groups_are_lazy_for_a_body_that_asks_for_lazy_frames(sales: Bucket) -> None:
    kinds = []

    @task(partition_by=["shop", "day"])
    def first(scale: int, *, frame: pl.LazyFrame) -> pl.LazyFrame:
        kinds.append(type(frame))
        return frame.select("shop", "day", pl.col("amount") * scale)

    @pipeline
    def grouped() -> Any:
        frame: Any = load(sales)
        return first(10, frame=frame)

    run = grouped.run()

    assert kinds == [pl.LazyFrame] * 5
    assert sorted(run.result.collect()["amount"].to_list()) == [10, 20, 30, 40, 50]


def test_frame_without_rows_has_no_group(provider: Provider) -> None:
    empty = provider.bucket("lake", path="empty.parquet")
    empty.write(SALES.clear())

    @task(partition_by="shop")
    def counted(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.select(rows=pl.len())

    @pipeline
    def grouped() -> Any:
        frame: Any = load(empty)
        return counted(frame)

    run = grouped.run()

    assert run.result.collect().equals(pl.DataFrame(schema={"rows": pl.UInt32}))


def test_task_outside_a_pipeline_sees_the_whole_frame() -> None:
    @task(partition_by="shop")
    def height(frame: pl.DataFrame) -> pl.DataFrame:
        return pl.DataFrame({"rows": [frame.height]})

    assert height(SALES).item() == 5


def test_body_that_returns_no_frame_is_an_error(sales: Bucket) -> None:
    @task(partition_by="shop")
    def number(frame: pl.DataFrame) -> int:
        return frame.height

    @pipeline
    def grouped() -> Any:
        frame: Any = load(sales)
        return number(frame)

    with pytest.raises(RunError, match="returned int for a group; expected a frame"):
        grouped.run()


def test_task_without_a_frame_to_split_is_an_error() -> None:
    @task(partition_by="shop")
    def nothing(number: int) -> int:
        return number

    @pipeline
    def grouped() -> Any:
        return nothing(1)

    with pytest.raises(RunError, match="has partition_by and was given no frame to split"):
        grouped.run()


def test_task_on_two_frames_can_not_be_split() -> None:
    def join(one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
        return one

    with pytest.raises(DecorationError, match=r"takes several frames \(one, other\)"):
        task(partition_by="shop")(join)


def test_check_finds_a_misspelt_key(sales: Bucket) -> None:
    @task(partition_by="shopp")
    def same(frame: pl.DataFrame) -> pl.DataFrame:
        return frame

    @pipeline
    def grouped() -> None:
        frame: Any = load(sales)
        same(frame)

    report = grouped.check()

    assert list(report.errors) == ["same"]
