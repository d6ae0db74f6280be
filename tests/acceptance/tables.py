"""The tables that questions are asked of."""

import datetime as dt
from decimal import Decimal

import polars as pl

ROWS = 240
STATUSES = ("open", "paid", "sent", None)
NOTES = ("Größe: XL, rot", "", None, "  two words ", "a,b,,c", "日本 100%", "x.y_z")
START = dt.datetime(2023, 12, 30, 22, 15, 7, 123_456, tzinfo=dt.UTC)


def orders() -> pl.DataFrame:
    """Return orders with every kind of column that a question is about."""
    numbers = range(ROWS)
    moments = [START + dt.timedelta(hours=7 * n, microseconds=n) for n in numbers]
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
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
        "local": pl.Datetime("us", "Europe/Berlin"),
        "tags": pl.List(pl.String),
        "place": pl.Struct({"city": pl.String, "zip": pl.Int32}),
    }
    zoned = [None if n % 4 == 0 else moment for n, moment in enumerate(moments)]
    columns = {
        "id": numbers,
        "customer": [None if n % 11 == 0 else f"c{n % 7}" for n in numbers],
        "amount": [None if n % 13 == 0 else Decimal(n * 317 % 10_007) / 100 for n in numbers],
        "pieces": [n * 37 % 256 for n in numbers],
        "rate": [None if n % 5 == 0 else (n * 7919 % 1000) / 8 - 60 for n in numbers],
        "status": [STATUSES[n * 5 % 4] for n in numbers],
        "note": [NOTES[n % len(NOTES)] for n in numbers],
        "day": [None if n % 17 == 0 else moments[n].date() for n in numbers],
        "at": [moment.replace(tzinfo=None) for moment in moments],
        "sent_at": zoned,
        "local": zoned,
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
