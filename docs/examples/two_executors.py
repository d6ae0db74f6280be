"""Two executors in one pipeline: each task runs where its executor says.

    pip install "glacier-core[demo,spark]"
    python docs/examples/two_executors.py
    SPARK_MASTER=spark://host:7077 python docs/examples/two_executors.py

Shows tasks that travel: one to another process of this machine, one to Spark, which spreads the
airlines over its workers, each with all of its flights. What joins their answers stays here, and no
task's body knows where it runs. Without Spark or Java the second executor is a process of this
machine too, with the same results.
"""

import os
import shutil
from importlib.util import find_spec

import polars as pl

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.demo_tables import read_table


def cluster(provider: Provider) -> Executor:
    """Return Spark where there is one, else another process of this machine."""
    if find_spec("glacier_spark") and (os.environ.get("JAVA_HOME") or shutil.which("java")):
        from glacier.config import SparkConfig

        master = os.environ.get("SPARK_MASTER", "local[2]")
        return provider.executor("spark", config=SparkConfig(master=master))
    return provider.executor("second-process", config=LocalConfig())


provider = Provider(config=LocalConfig(base_path="data"))
raw = provider.bucket("raw")


@task(executor=provider.executor("process", config=LocalConfig(max_concurrent_jobs=1)))
def favourites(flights: pl.LazyFrame, airports: pl.LazyFrame) -> pl.LazyFrame:
    """Return where each airline flies most often; runs in another process."""
    counted = flights.group_by("carrier", "dest").len("flights")
    favourite = pl.col("dest").sort_by("flights", "dest", descending=[True, False]).first()
    names = airports.select(dest="faa", favourite="name")
    return counted.group_by("carrier").agg(favourite).join(names, on="dest")


@task(executor=cluster(provider), partition_by="carrier")
def made_good(flights: pl.LazyFrame) -> pl.LazyFrame:
    """Return the minutes that late flights make good; sees the flights of one airline at a time."""
    late = flights.filter(pl.col("dep_delay") > 0)
    minutes = pl.col("dep_delay") - pl.col("arr_delay")
    return late.group_by("carrier").agg(made_good=minutes.mean())


@task
def load(table: Bucket, *columns: str) -> pl.LazyFrame:
    """Return some columns of a table, lazily: no others are read or sent anywhere."""
    return table.scan().select(columns)


@task
def joined(airlines: pl.LazyFrame, places: pl.LazyFrame, minutes: pl.LazyFrame) -> pl.DataFrame:
    """Return what both executors found, the airline that makes most good first."""
    found = airlines.join(places, on="carrier").join(minutes, on="carrier")
    return found.sort("made_good", descending=True).collect()


@pipeline
def airlines_compared() -> pl.DataFrame:
    """Ask two executors about the airlines, and join their answers here."""
    flights = load(raw / "flights.parquet", "carrier", "dest", "dep_delay", "arr_delay")
    places = favourites(flights, load(raw / "airports.parquet", "faa", "name"))
    airlines = load(raw / "airlines.parquet", "carrier", "name")
    return joined(airlines, places, made_good(flights))


if __name__ == "__main__":
    for table in ("flights", "airlines", "airports"):
        (raw / f"{table}.parquet").write(read_table(table))

    with airlines_compared.run() as run:
        for row in run.result.iter_rows(named=True):
            print(f"{row['name']:<28} {row['made_good']:+5.1f} min  {row['favourite']}")
        for job in run.jobs:
            print(f"{', '.join(job.tasks)} ran on {job.executor}: {job.status}")
