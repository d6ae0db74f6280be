"""The demo: what became of the 336,776 flights that left New York City in 2013.

Run it with `glacier demo`, or as any other pipeline: `glacier run glacier.demo:flight_report`.
"""

from pathlib import Path

import polars as pl

from glacier import Bucket, Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.demo_tables import TABLES, read_table

FLIGHTS = 336_776
ON_TIME_MINUTES = 15
FASTEST_WIND_MPH = 200


@task
def land(table: str, raw: Bucket) -> None:
    """Write a raw table, which is a pandas frame, as Parquet."""
    (raw / f"{table}.parquet").write(read_table(table))


@task(depends_on=[land])
def scan(table: str, raw: Bucket) -> pl.LazyFrame:
    """Return a raw table, lazily."""
    return (raw / f"{table}.parquet").scan()


@task
def clean_flights(flights: pl.LazyFrame) -> pl.LazyFrame:
    """Return every scheduled flight with its date and what became of it.

    A flight that never departed was cancelled. As the US Department of Transportation counts,
    a flight is on time if it arrives less than 15 minutes late; one that was cancelled or
    diverted is not.
    """
    return flights.select(
        "month",
        "carrier",
        "tailnum",
        "origin",
        "dest",
        "arr_delay",
        date=pl.date("year", "month", "day"),
        cancelled=pl.col("dep_time").is_null(),
        on_time=(pl.col("arr_delay") < ON_TIME_MINUTES).fill_null(value=False),
    )


@task
def add_details(
    flights: pl.LazyFrame, airlines: pl.LazyFrame, airports: pl.LazyFrame, planes: pl.LazyFrame
) -> pl.LazyFrame:
    """Return the flights with the airline's and the destination's names and the plane's seats."""
    return (
        flights.join(airlines.select("carrier", airline="name"), on="carrier", how="left")
        .join(airports.select(dest="faa", destination="name"), on="dest", how="left")
        .join(planes.select("tailnum", "seats"), on="tailnum", how="left")
    )


@task
def daily_weather(weather: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row a day for the three airports together.

    Wind in mph without the sensor's absurdities, rain in inches an airport, sight in miles.
    """
    wind = pl.col("wind_speed")
    return weather.group_by(date=pl.date("year", "month", "day")).agg(
        strongest_wind=wind.filter(wind < FASTEST_WIND_MPH).max(),
        rain=pl.col("precip").sum() / pl.col("origin").n_unique(),
        shortest_sight=pl.col("visib").min(),
    )


@task
def totals(flights: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row on all flights."""
    return flights.select(*_punctuality())


@task
def delays_by_carrier(flights: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row for each airline, the most punctual one first."""
    return (
        flights.group_by("carrier", "airline")
        .agg(*_punctuality())
        .sort("on_time", "carrier", descending=[True, False])
    )


@task
def delays_by_route(flights: pl.LazyFrame) -> pl.LazyFrame:
    """Return one row for each month and route, with the mean seats of the planes we know."""
    return flights.group_by("month", "origin", "dest", "destination").agg(
        *_punctuality(), mean_seats=pl.col("seats").mean()
    )


@task
def worst_days(flights: pl.LazyFrame, weather: pl.LazyFrame) -> pl.LazyFrame:
    """Return the ten days with the fewest punctual flights, the worst one first, and why."""
    return (
        flights.group_by("date")
        .agg(*_punctuality())
        .bottom_k(10, by="on_time")
        .join(weather, on="date", how="left")
        .sort("on_time", "date")
    )


@task
def save(report: pl.LazyFrame, target: Bucket, partition_by: str | None = None) -> None:
    """Write a report; reports that share work are written by one query."""
    target.write(report, partition_by=partition_by)


@task(depends_on=[save])
def verify(reports: Bucket) -> pl.DataFrame:
    """Return the totals, after making sure that no flight was lost or doubled on the way.

    Raises:
        ValueError: The reports are about another number of flights.
    """
    written = (reports / "totals.parquet").read()
    wrong = written.filter(pl.col("flights") != FLIGHTS)
    if not wrong.is_empty():
        raise ValueError(f"The reports are about {wrong['flights'][0]:,} flights, not {FLIGHTS:,}.")
    return written


@pipeline
def flight_report(base_path: Path = Path("demo-data")) -> pl.DataFrame:
    """Land the raw tables, clean and join them, and write four reports with one query.

    Args:
        base_path: The directory for the buckets `raw` and `reports`.
    """
    provider = Provider(config=LocalConfig(base_path=base_path))
    raw, reports = provider.bucket("raw"), provider.bucket("reports")

    for table in TABLES:
        land(table, raw)

    flights = add_details(
        clean_flights(scan("flights", raw)),
        scan("airlines", raw),
        scan("airports", raw),
        scan("planes", raw),
    )
    weather = daily_weather(scan("weather", raw))

    save(totals(flights), reports / "totals.parquet")
    save(delays_by_carrier(flights), reports / "carriers.parquet")
    save(delays_by_route(flights), reports / "routes/", partition_by="month")
    save(worst_days(flights, weather), reports / "worst_days.parquet")
    return verify(reports)


def _punctuality() -> list[pl.Expr]:
    """Return what every report says of its flights; shares are between 0 and 1."""
    return [
        pl.len().alias("flights"),
        pl.col("cancelled").sum(),
        pl.col("on_time").mean(),
        pl.col("arr_delay").mean().alias("mean_delay_minutes"),
    ]
