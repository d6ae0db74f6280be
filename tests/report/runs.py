"""Runs to look at."""

import polars as pl
import pytest

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.engine import Run
from glacier.errors import RunError


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


@task
def save(frame: pl.LazyFrame, bucket: Bucket) -> None:
    bucket.write(frame)


@task
def failing(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Fail when it is executed."""
    return frame.with_columns(number=pl.col("shop").str.to_integer())


@task
def count(bucket: Bucket) -> int:
    return bucket.read().height


@task(depends_on=[save])
def notify() -> None:
    pass


def sales_run(provider: Provider, executor: Executor | None = None) -> Run:
    """Return a run that scans, reads, writes two files with one query, and may have a job."""
    lake = provider.bucket("lake")

    @task(executor=executor)
    def double(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(pl.col("amount") * 2)

    @pipeline(name="daily_sales")
    def daily_sales() -> None:
        sales = double(load(lake / "sales.parquet"))
        save(sales, lake / "copy.parquet")
        save(sales, lake / "copy.csv")
        count(lake / "sales.parquet")
        notify()

    return daily_sales.run()


def failed_run(provider: Provider) -> Run:
    """Return a run in which a write has failed, and what depended on it was skipped."""
    lake = provider.bucket("lake")

    @pipeline(name="broken_sales")
    def broken_sales() -> None:
        sales = load(lake / "sales.parquet")
        save(sales, lake / "copy.parquet")
        save(failing(sales), lake / "numbers.parquet")
        notify()

    with pytest.raises(RunError) as caught:
        broken_sales.run()
    return caught.value.run
