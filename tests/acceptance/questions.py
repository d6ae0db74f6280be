"""Tasks whose answers must not depend on where they run, and the tables that they are asked of.

They are plain functions, which `test_same_answers` makes tasks of every executor.
"""

import datetime as dt
from decimal import Decimal

import narwhals as nw
import polars as pl

ROWS = 240
STATUSES = ("open", "paid", "sent", None)
NOTES = ("Größe: XL, rot", "", None, "  two words ", "a,b,,c", "日本 100%", "x.y_z")
START = dt.datetime(2023, 12, 30, 22, 15, 7, 123_456)


def orders() -> pl.DataFrame:
    """Return orders with every kind of column that a question is about."""
    numbers = range(ROWS)
    moments = [START + dt.timedelta(hours=7 * n, microseconds=n) for n in numbers]
    schema = {
        "id": pl.Int64,
        "customer": pl.String,
        "amount": pl.Decimal(12, 2),
        "pieces": pl.UInt8,
        "rate": pl.Float64,
        "status": pl.Categorical,
        "note": pl.String,
        "day": pl.Date,
        "at": pl.Datetime("us"),
        "sent_at": pl.Datetime("us", "UTC"),
        "tags": pl.List(pl.String),
        "place": pl.Struct({"city": pl.String, "zip": pl.Int32}),
    }
    columns = {
        "id": numbers,
        "customer": [None if n % 11 == 0 else f"c{n % 7}" for n in numbers],
        "amount": [None if n % 13 == 0 else Decimal(n * 317 % 10_007) / 100 for n in numbers],
        "pieces": [n * 37 % 256 for n in numbers],
        "rate": [None if n % 5 == 0 else (n * 7919 % 1000) / 8 - 60 for n in numbers],
        "status": [STATUSES[n * 5 % 4] for n in numbers],
        "note": [NOTES[n % len(NOTES)] for n in numbers],
        "day": [None if n % 17 == 0 else moments[n].date() for n in numbers],
        "at": moments,
        "sent_at": [None if n % 4 == 0 else m.replace(tzinfo=dt.UTC) for n, m in enumerate(moments)],
        "tags": [None if n % 9 == 0 else [f"t{n % 3}", "t1"][: n % 3] for n in numbers],
        "place": [{"city": f"city {n % 4}", "zip": n if n % 2 else None} for n in numbers],
    }
    return pl.DataFrame(columns, schema=schema)


def customers() -> pl.DataFrame:
    """Return customers, of whom some have no orders, one is there twice and one has no name."""
    return pl.DataFrame(
        {
            "customer": ["c0", "c1", "c2", "c3", "c3", "c9", None],
            "region": ["north", "south", None, "north", "west", "east", "nowhere"],
            "since": [dt.date(1581 + 100 * n, 2, 28) for n in range(7)],
        }
    )


# Polars


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


# Narwhals


def filtered(orders: nw.LazyFrame) -> nw.LazyFrame:
    wanted = (nw.col("amount") > 20) | nw.col("rate").is_null()
    return orders.filter(wanted, nw.col("customer").is_in(["c1", "c2", "c5"]))


def joined(orders: nw.LazyFrame, customers: nw.LazyFrame) -> nw.LazyFrame:
    known = orders.join(customers, on="customer", how="left").select("id", "region", "since")
    unknown = orders.join(customers, on="customer", how="anti")
    return nw.concat([known, unknown.select("id", region=nw.lit("?"), since=nw.col("day"))])


def windowed(orders: nw.LazyFrame) -> nw.LazyFrame:
    return orders.select(
        "id",
        share=nw.col("rate") / nw.col("rate").max().over("customer"),
        running=nw.col("pieces").cum_sum().over("customer", order_by="id"),
        before=nw.col("status").shift(1).over("customer", order_by="id"),
        place=nw.col("id").rank("ordinal").over("customer"),
    )


def aggregated(orders: nw.LazyFrame) -> nw.LazyFrame:
    return orders.group_by("customer", "status").agg(
        nw.len().alias("orders"),
        nw.col("amount").sum().alias("amount"),
        nw.col("amount").count().alias("amounts"),
        nw.col("rate").mean().alias("mean"),
        nw.col("rate").std().alias("spread"),
        nw.col("pieces").min().alias("least"),
        nw.col("note").n_unique().alias("notes"),
        nw.col("at").max().alias("latest"),
    )


def pivoted(orders: nw.LazyFrame) -> nw.LazyFrame:
    return orders.group_by("customer").agg(
        nw.when(nw.col("status") == status).then(nw.col("rate")).sum().alias(status)
        for status in ("open", "paid", "sent")
    )


def strings(orders: nw.LazyFrame) -> nw.LazyFrame:
    note = nw.col("note")
    return orders.select(
        "id",
        upper=note.str.to_uppercase(),
        bare=note.str.strip_chars(),
        length=note.str.len_chars(),
        part=note.str.slice(1, 3),
        other=note.str.replace_all(r"[a-c]|\s", "-"),
        literal=note.str.replace_all(".", "!", literal=True),
        is_percent=note.str.ends_with("%"),
        has_letters=note.str.contains("^[a-zö]"),
        both=nw.concat_str(nw.col("customer"), note, separator=" / ", ignore_nulls=True),
        pieces=nw.col("pieces").cast(nw.String),
    )


def dates(orders: nw.LazyFrame) -> nw.LazyFrame:
    at, day, sent_at = nw.col("at"), nw.col("day"), nw.col("sent_at")
    return orders.select(
        "id",
        *(day, at, sent_at),
        year=day.dt.year(),
        month=sent_at.dt.month(),
        hour=sent_at.dt.hour(),
        minute=at.dt.minute(),
        microsecond=at.dt.microsecond(),
        weekday=day.dt.weekday(),
        ordinal=day.dt.ordinal_day(),
        start=at.dt.truncate("1d"),
        of=sent_at.dt.date(),
        later=at.dt.offset_by("36h"),
        text=at.dt.to_string("%Y-%m-%d %H:%M"),
        is_late=at > dt.datetime(2024, 2, 1),  # noqa: DTZ001 - a naive column
    )


def nulls(orders: nw.LazyFrame) -> nw.LazyFrame:
    return orders.drop_nulls("customer").select(
        "id",
        rate=nw.col("rate").fill_null(0.0),
        amount=nw.coalesce("amount", "rate"),
        is_open=(nw.col("status") == "open").fill_null(value=False),
        unknown=nw.col("status") == "open",
        without=nw.col("day").is_null(),
        other=nw.when(nw.col("rate") > 0).then(nw.lit("up")),
    )


def nested(orders: nw.LazyFrame) -> nw.LazyFrame:
    return orders.select(
        "id",
        "tags",
        "place",
        tag_count=nw.col("tags").list.len(),
        is_tagged=nw.col("tags").list.contains("t1"),
        city=nw.col("place").struct.field("city"),
    )


def exploded(orders: nw.LazyFrame) -> nw.LazyFrame:
    return orders.select("id", "tags").explode("tags").drop_nulls().unique()


def decimals(orders: nw.LazyFrame) -> nw.LazyFrame:
    return orders.select(
        "id", "amount", twice=nw.col("amount") + nw.col("amount"), is_dear=nw.col("amount") >= 50
    )


def best(orders: nw.LazyFrame) -> nw.LazyFrame:
    return orders.sort("rate", "id", descending=True, nulls_last=True).head(10)


# From one kind to the next, on one executor


def chain_narwhals(orders: nw.LazyFrame) -> nw.LazyFrame:
    return orders.filter(nw.col("pieces") > 20).with_columns(half=nw.col("pieces") / 2)


def chain_groups(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.sort("id").select("customer", "status", "half", pl.col("at").diff()).tail(2)


def chain_polars(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.group_by("status").agg(pl.col("half").sum(), pl.len(), pl.col("at").max())
