"""A pipeline that knows no store: `create_pipeline` is given a provider, and nothing else."""

import datetime as dt
from typing import Any

import polars as pl

from glacier import Bucket, Pipeline, Provider, pipeline, task

LAKE = "every-store-lake"
ORDERS = 400
CUSTOMERS = 25
FORMATS = ("parquet", "csv", "ndjson", "ipc")


def orders() -> pl.DataFrame:
    number = pl.int_range(ORDERS)
    return pl.select(
        order=number,
        customer=number.hash(1) % CUSTOMERS,
        amount=(number.hash(2) % 10_000).cast(pl.Float64) / 100,
        day=dt.date(2024, 1, 1) + pl.duration(days=number % 30),
        note=pl.when(number % 7 == 0).then(pl.lit('a "quoted", ü\nnote')).otherwise(None),
    )


def customers() -> pl.DataFrame:
    number = pl.int_range(CUSTOMERS)
    region = pl.when(number % 2 == 0).then(pl.lit("north east")).otherwise(pl.lit("süd/west"))
    return pl.select(customer=number.cast(pl.UInt64), region=region)


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


@task
def joined(orders: pl.LazyFrame, customers: pl.LazyFrame) -> pl.LazyFrame:
    return orders.join(customers, on="customer").filter(pl.col("amount") > 10)


@task
def by_region(rows: pl.LazyFrame) -> pl.LazyFrame:
    totals = pl.col("amount").sum().round(2)
    return rows.group_by("region", "day").agg(totals, pl.len().alias("orders"))


@task
def save(rows: pl.LazyFrame, bucket: Bucket, mode: Any = "overwrite", by: Any = None) -> None:
    bucket.write(rows, mode=mode, partition_by=by)


@task(depends_on=[save])
def add(rows: pl.LazyFrame, bucket: Bucket, mode: Any, by: Any = None) -> None:
    bucket.write(rows, mode=mode, partition_by=by)


@task(depends_on=[add])
def load_again(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


@task
def note(lake: Bucket, text: str) -> None:
    with (lake / "notes/run.txt").open("wb") as file:
        file.write(text.encode())


@task(depends_on=[add, note])
def look(lake: Bucket) -> dict[str, Any]:
    """Return what the store says of what is there."""
    files = (lake / "by_region/").list()
    with (lake / "notes/run.txt").open("rb") as file:
        said = file.read().decode()
    return {
        "directories": sorted({path.rpartition("/")[0] for path in files}),
        "there": [(lake / path).exists() for path in ("raw/orders.parquet", "raw/none.parquet")],
        "table": lake.provider.bucket(LAKE, "tables/totals", "delta").exists(),
        "note": said,
    }


def create_pipeline(provider: Provider) -> Pipeline[[], dict[str, Any]]:
    """Return the pipeline over a provider's lake, whose inputs are written first."""
    lake = provider.bucket(LAKE)
    table = provider.bucket(LAKE, "tables/totals", "delta")

    @pipeline(name="every_store")
    def every_store() -> dict[str, Any]:
        rows = joined(load(lake / "raw/orders.parquet"), load(lake / "raw/customers.csv"))
        totals = by_region(rows)
        for name in FORMATS:
            save(rows, lake / f"copies/rows.{name}")
        save(totals, lake / "by_region/", by="region")
        save(totals, lake / "copies/once.parquet", "error")
        save(totals, table)
        add(totals, lake / "by_region/", "append", "region")
        add(rows, lake / "copies/once.parquet", "ignore")
        add(totals, table, "append")
        save(load_again(table), lake / "copies/table.parquet")
        note(lake, "ünïcode")
        return look(lake)

    return every_store


def results(provider: Provider) -> dict[str, bytes]:
    """Return all that the pipeline has written, each as sorted CSV."""
    lake = provider.bucket(LAKE)
    read = {name: lake / name for name in ("by_region/", "copies/once.parquet")}
    read |= {f"rows.{name}": lake / f"copies/rows.{name}" for name in FORMATS}
    read["copies/table.parquet"] = lake / "copies/table.parquet"
    read["table"] = provider.bucket(LAKE, "tables/totals", "delta")
    return {name: rendered(bucket.read()) for name, bucket in read.items()}


def rendered(frame: pl.DataFrame) -> bytes:
    """Return a frame as CSV, with its columns and its rows in order, and its schema before it."""
    columns = sorted(frame.columns)
    ordered = frame.select(columns).sort(columns)
    return f"{dict(ordered.schema)}\n{ordered.write_csv()}".encode()
