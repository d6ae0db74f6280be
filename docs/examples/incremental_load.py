"""Load deliveries a day at a time into one partitioned dataset.

    pip install "glacier-core[demo]"
    python docs/examples/incremental_load.py
    glacier run docs/examples/incremental_load.py -p first=2013-01-02
    glacier run docs/examples/incremental_load.py -p first=2013-01-01 -p days=3

Shows a load that can be run again: each day is a partition, written as a dataset of its own, so
that loading a day replaces that day, whole, and touches no file of another. Here the second day's
delivery is cut short at first, and loaded again once it has come as a whole.
"""

import datetime as dt
from pathlib import Path

import polars as pl

from glacier import Bucket, Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.demo_tables import read_table

FIRST = dt.date(2013, 1, 1)
DELIVERED = {
    "carrier": pl.String,
    "flight": pl.Int64,
    "origin": pl.String,
    "dest": pl.String,
    "hour": pl.Int64,
    "arr_delay": pl.Float64,
}


@task
def read(delivery: Bucket) -> pl.LazyFrame:
    """Return a delivery; its schema is declared, so that no column's type is a guess."""
    return delivery.scan()


@task
def clean(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return the flights that arrived, each once: a later row corrects an earlier one."""
    arrived = rows.filter(pl.col("arr_delay").is_not_null())
    return arrived.unique(["carrier", "flight", "origin"], keep="last")


@task
def replace(rows: pl.LazyFrame, day: Bucket) -> None:
    """Write a day in place of what it held."""
    day.write(rows)


@pipeline
def load_days(first: dt.date = FIRST, days: int = 1, base_path: Path = Path("data")) -> None:
    """Load the deliveries of some days in a row.

    Args:
        first: The first day.
        days: How many days.
        base_path: The directory that holds the buckets.
    """
    provider = Provider(config=LocalConfig(base_path=base_path))
    lake = provider.bucket("lake")
    for day in (first + dt.timedelta(number) for number in range(days)):
        delivery = provider.bucket("inbox", f"flights-{day}.csv", schema=DELIVERED)
        replace(clean(read(delivery)), lake / f"flights/date={day}/")


def deliver(inbox: Bucket, day: dt.date, rows: int | None = None) -> None:
    """Put a day's flights into the inbox, as whoever delivers them would; the first rows only."""
    flights = pl.from_pandas(read_table("flights"))
    of_day = flights.filter(pl.date("year", "month", "day") == day).select(*DELIVERED)
    (inbox / f"flights-{day}.csv").write(of_day if rows is None else of_day.head(rows))


def show(lake: Bucket, before: list[str]) -> list[str]:
    """Print each day's rows and whether its files are new, and return all files."""
    files = (lake / "flights/").list()
    loaded = (lake / "flights/").scan().group_by("date").len("flights").sort("date").collect()
    for date, flights in loaded.iter_rows():
        own = [file for file in files if f"date={date}" in file]
        state = "as before" if set(own) <= set(before) else "new"
        print(f"  {date}  {flights:>4} flights  {state}")
    return files


if __name__ == "__main__":
    here = Provider(config=LocalConfig(base_path="data"))
    inbox, lake = here.bucket("inbox"), here.bucket("lake")
    first, second, third = (FIRST + dt.timedelta(number) for number in range(3))
    deliver(inbox, first)
    deliver(inbox, second, rows=500)
    deliver(inbox, third)
    load_days.run(days=3)
    print("three days, the second one cut short:")
    files = show(lake, before=[])

    deliver(inbox, second)
    load_days.run(first=second)
    print(f"{second} again, now whole:")
    show(lake, before=files)
