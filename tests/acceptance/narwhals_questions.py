"""Tasks of Narwhals whose answers must not depend on where they run, nor on what runs them."""

import datetime as dt
from typing import Any, TypeAlias

import narwhals as nw
import polars as pl

Frame: TypeAlias = nw.LazyFrame[Any]


def filtered(orders: Frame) -> Frame:
    wanted = (nw.col("amount") > 20) | nw.col("rate").is_null()
    return orders.filter(wanted, nw.col("customer").is_in(["c1", "c2", "c5"]))


def joined(orders: Frame, customers: Frame) -> Frame:
    known = orders.join(customers, on="customer", how="left").select("id", "region", "since")
    unknown = orders.join(customers, on="customer", how="anti")
    return nw.concat([known, unknown.select("id", region=nw.lit("?"), since=nw.col("day"))])


def windowed(orders: Frame) -> Frame:
    return orders.select(
        "id",
        share=nw.col("rate") / nw.col("rate").max().over("customer"),
        running=nw.col("pieces").cum_sum().over("customer", order_by="id"),
        before=nw.col("status").shift(1).over("customer", order_by="id"),
        place=nw.col("id").rank("ordinal").over("customer"),
    )


def aggregated(orders: Frame) -> Frame:
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


def pivoted(orders: Frame) -> Frame:
    return orders.group_by("customer").agg(
        nw.when(nw.col("status") == status).then(nw.col("rate")).sum().alias(status)
        for status in ("open", "paid", "sent")
    )


def strings(orders: Frame) -> Frame:
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


def microseconds(orders: Frame) -> Frame:
    return orders.select("id", microsecond=nw.col("at").dt.microsecond())


def dates(orders: Frame) -> Frame:
    at, day, sent_at = nw.col("at"), nw.col("day"), nw.col("sent_at")
    return orders.select(
        "id",
        *(day, at, sent_at),
        year=day.dt.year(),
        month=sent_at.dt.month(),
        hour=sent_at.dt.hour(),
        minute=at.dt.minute(),
        ordinal=day.dt.ordinal_day(),
        start=at.dt.truncate("1d"),
        of=sent_at.dt.date(),
        later=at.dt.offset_by("36h"),
        text=at.dt.to_string("%Y-%m-%d %H:%M"),
        is_late=at > dt.datetime(2024, 2, 1),  # noqa: DTZ001 - a naive column
    )


def weekdays(orders: Frame) -> Frame:
    return orders.select("id", weekday=nw.col("day").dt.weekday())


def local_hours(orders: Frame) -> Frame:
    return orders.select("id", "local", hour=nw.col("local").dt.hour())


def rounded(orders: Frame) -> Frame:
    return orders.select("id", rounded=nw.col("rate").round(1))


def numbers(orders: Frame) -> Frame:
    rate, whole = nw.col("rate"), nw.col("id") - 100
    return orders.select(
        "id",
        size=rate.abs(),
        rest=whole % 7,
        quotient=whole // 7,
        share=whole / 8,
        square=whole**2,
        clipped=rate.clip(-10.0, 10.0),
        is_between=rate.is_between(-5, 5),
    )


def nulls(orders: Frame) -> Frame:
    return orders.drop_nulls("customer").select(
        "id",
        rate=nw.col("rate").fill_null(0.0),
        amount=nw.coalesce("amount", "rate"),
        is_open=(nw.col("status") == "open").fill_null(value=False),
        unknown=nw.col("status") == "open",
        without=nw.col("day").is_null(),
        other=nw.when(nw.col("rate") > 0).then(nw.lit("up")),
    )


def nested(orders: Frame) -> Frame:
    return orders.select(
        "id",
        "tags",
        "place",
        tag_count=nw.col("tags").list.len(),
        is_tagged=nw.col("tags").list.contains("t1"),
        city=nw.col("place").struct.field("city"),
    )


def exploded(orders: Frame) -> Frame:
    return orders.select("id", "tags").explode("tags").drop_nulls().unique()


def decimals(orders: Frame) -> Frame:
    return orders.select(
        "id", "amount", twice=nw.col("amount") + nw.col("amount"), is_dear=nw.col("amount") >= 50
    )


def best(orders: Frame) -> Frame:
    return orders.sort("rate", "id", descending=True, nulls_last=True).head(10)


# From one kind to the next, on one executor


def chain_narwhals(orders: Frame) -> Frame:
    return orders.filter(nw.col("pieces") > 20).with_columns(half=nw.col("pieces") / 2)


def chain_groups(orders: pl.DataFrame) -> pl.DataFrame:
    return orders.sort("id").select("customer", "status", "half", pl.col("at").diff()).tail(2)


def chain_polars(rows: pl.LazyFrame) -> pl.LazyFrame:
    return rows.group_by("status").agg(pl.col("half").sum(), pl.len(), pl.col("at").max())
