"""A third party's store in a pipeline, used as those that come with Glacier.

    glacier new-plugin attic
    pip install ./glacier-attic "glacier-core[demo]"
    python docs/examples/third_party_plugin.py

Shows a plugin in use: it is installed, and its config is there. Here it is the one that
`glacier new-plugin` writes, as it is. The later months stay on this machine, and the older ones go
to the plugin's store, where a job counts them. No task knows of either store.
"""

import polars as pl

from glacier import Bucket, Provider, pipeline, task
from glacier.config import AtticConfig, LocalConfig
from glacier.demo_tables import read_table
from glacier.plugins import load_plugins

here = Provider(config=LocalConfig(base_path="data"))
attic = Provider(config=AtticConfig(directory="attic"))


@task
def load(rows: Bucket) -> pl.LazyFrame:
    """Return rows, lazily."""
    return rows.scan()


@task
def of_months(flights: pl.LazyFrame, first: int, last: int) -> pl.LazyFrame:
    """Return the flights of some months."""
    return flights.filter(pl.col("month").is_between(first, last))


@task
def save(flights: pl.LazyFrame, target: Bucket) -> None:
    """Write flights, a directory a month."""
    target.write(flights, partition_by="month")


@task(depends_on=[save], executor=attic.executor("jobs"))
def cancelled(flights: Bucket) -> pl.DataFrame:
    """Return how many flights of each month were cancelled; runs beside the store."""
    months = flights.scan().group_by("month").agg(pl.len(), pl.col("dep_time").null_count())
    return months.sort("month").collect()


@pipeline
def archive() -> pl.DataFrame:
    """Keep the second half of the year here, and put the first one into the attic."""
    flights = load(here.bucket("raw", "flights.parquet"))
    old = attic.bucket("archive", "flights/")
    save(of_months(flights, 7, 12), here.bucket("recent", "flights/"))
    save(of_months(flights, 1, 6), old)
    return cancelled(old)


if __name__ == "__main__":
    for plugin in load_plugins().installed:
        print(f"{plugin.name:<12} {plugin.distribution}")
    here.bucket("raw", "flights.parquet").write(read_table("flights"))

    with archive.run() as run:
        for month, flights, lost in run.result.iter_rows():
            print(f"month {month}: {flights:,} flights, {lost} of them cancelled")
    for bucket in (here.bucket("recent", "flights/"), attic.bucket("archive", "flights/")):
        print(f"{len(bucket.list())} files in {bucket.get_uri()}")
