"""Tasks of Polars whose answers must not depend on where they run.

They are plain functions, which `test_same_answers` makes tasks of every executor.
"""

import polars as pl

# On whole frames


def polars_joined(orders: pl.LazyFrame, customers: pl.LazyFrame) -> pl.LazyFrame:
    return orders.join(customers, on="customer", how="left").select("id", "region", "since")


def polars_window(orders: pl.LazyFrame) -> pl.LazyFrame:
    return orders.sort("id").select(
        "id",
        running=pl.col("amount").cum_sum().over("customer"),
        mean=pl.col("rate").rolling_mean(window_size=3),
    )


def polars_pivot(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.filter(pl.col("status").is_not_null()).pivot(
        "status", index="customer", values="amount", aggregate_function="sum", sort_columns=True
    )


# partition_by="customer": eager and lazy


def group_pivot(orders: pl.DataFrame) -> pl.DataFrame:
    sums = [
        pl.col("amount").filter(pl.col("status") == status).sum().alias(status)
        for status in ("open", "paid")
    ]
    return orders.select(pl.col("customer").first(), *sums, pl.len().alias("orders"))


def group_window(orders: pl.LazyFrame) -> pl.LazyFrame:
    return orders.select(
        "id",
        "customer",
        pause=pl.col("at").diff(),
        time=pl.col("at").dt.time(),
        exact=pl.col("at").dt.cast_time_unit("ns"),
        place_in_line=pl.col("amount").rank("ordinal", descending=True),
        before=pl.col("status").shift(1),
    )


def group_rows(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.sort("amount", "id", descending=True, nulls_last=True).head(3)
