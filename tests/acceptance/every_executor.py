"""Tasks that know no executor: what they give back is the same wherever they run."""

from typing import Any

import polars as pl

from glacier import Bucket, Executor, Pipeline, pipeline, task
from tests.acceptance.any_store import customers, orders


def create_pipeline(lake: Bucket, executor: Executor | None) -> Pipeline[[], dict[str, Any]]:
    """Return a pipeline whose tasks run on an executor.

    Args:
        lake: Where its data lies.
        executor: Where its tasks run; in this process where None.
    """

    @task(executor=executor)
    def joined(orders: pl.LazyFrame, customers: pl.LazyFrame) -> pl.LazyFrame:
        return orders.join(customers, on="customer").filter(pl.col("amount") > 10)

    @task(executor=executor)
    def totals(rows: pl.LazyFrame) -> pl.DataFrame:
        total = pl.col("amount").sum().round(2)
        return rows.group_by("region", "day").agg(total).sort("region", "day").collect()

    @task(executor=executor)
    def ranked(rows: pl.DataFrame) -> pl.LazyFrame:
        rank = pl.col("amount").rank("ordinal", descending=True).over("region")
        return rows.lazy().with_columns(rank=rank).sort("region", "day")

    @task(executor=executor)
    def save(rows: pl.LazyFrame, target: Bucket) -> None:
        target.write(rows, partition_by="region")

    @task(executor=executor)
    def described(rows: pl.DataFrame) -> dict[str, Any]:
        return {"days": rows["day"].n_unique(), "regions": sorted(rows["region"].unique())}

    @pipeline
    def every_executor() -> dict[str, Any]:
        rows = joined((lake / "orders.parquet").scan(), (lake / "customers.parquet").scan())
        sums = totals(rows)
        save(rows, lake / "rows/")
        return {"sums": sums, "ranks": ranked(sums), "described": described(sums)}

    return every_executor


def fill(lake: Bucket) -> None:
    """Write what the pipeline reads."""
    (lake / "orders.parquet").write(orders())
    (lake / "customers.parquet").write(customers().cast({"customer": pl.UInt64}))
