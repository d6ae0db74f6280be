"""Two reports from one day's sales, written by one query.

python docs/examples/daily_sales.py
glacier plan docs/examples/daily_sales.py:daily_sales
glacier run docs/examples/daily_sales.py:daily_sales -p base_path=elsewhere
"""

from pathlib import Path

import polars as pl

from glacier import Bucket, Provider, pipeline, task
from glacier.config import LocalConfig

RECEIPTS = {
    "shop": ["north", "south", "north", "west", "south"],
    "item": ["tea", "tea", "milk", "tea", "milk"],
    "amount": [4.5, 4.5, -1.2, 9.0, 1.2],  # a negative one is a return
}


@task
def land(raw: Bucket) -> None:
    """Write the receipts as they came in."""
    raw.write(pl.DataFrame(RECEIPTS))


@task(depends_on=[land])
def load(raw: Bucket) -> pl.LazyFrame:
    """Return the receipts, lazily."""
    return raw.scan()


@task
def clean(receipts: pl.LazyFrame) -> pl.LazyFrame:
    """Return the receipts without the returns."""
    return receipts.filter(pl.col("amount") > 0)


@task
def revenue_by(receipts: pl.LazyFrame, column: str) -> pl.LazyFrame:
    """Return one row for each value of a column, with its revenue."""
    return receipts.group_by(column).agg(revenue=pl.col("amount").sum()).sort(column)


@task
def save(report: pl.LazyFrame, target: Bucket) -> None:
    """Write a report; the reports of one run are computed by one query."""
    target.write(report)


@pipeline
def daily_sales(base_path: Path = Path("data")) -> None:
    """Land the receipts, and report the revenue by shop and by item.

    Args:
        base_path: The directory that holds the buckets.
    """
    lake = Provider(config=LocalConfig(base_path=base_path)).bucket("lake")
    raw = lake / "raw/receipts.parquet"

    land(raw)
    receipts = clean(load(raw))
    save(revenue_by(receipts, "shop"), lake / "reports/by_shop.parquet")
    save(revenue_by(receipts, "item"), lake / "reports/by_item.csv")


if __name__ == "__main__":
    run = daily_sales.run()
    for name, done in run.tasks.items():
        print(f"{name:<13} {done.status}")
    print(Path("data/lake/reports/by_item.csv").read_text(encoding="utf-8"), end="")
