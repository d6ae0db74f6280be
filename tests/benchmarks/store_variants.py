"""Scans and sinks of 200 MB on a store, against plain Polars with options written by hand.

Both talk to one server of this machine, in turns.
"""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

import glacier.engine.run  # noqa: F401 - the engine is imported on the first run
from glacier import Bucket, Provider, pipeline, task
from tests.benchmarks.measure import interleaved, median_ratio, peaks, report_work, seconds, table

COLUMNS = 16
ROWS = 25_000_000 // COLUMNS
"""Together 25 million numbers of 8 bytes, which no codec makes smaller: 200 MB. They lie in few
row groups, since test servers read the whole object for each range that they are asked for."""

BUCKET = "benchmark"
SOURCE = "source.parquet"
TARGET = "target.parquet"
ROUNDS = 7

Work = Callable[[], object]


@dataclass(frozen=True)
class Store:
    """A store whose server has an address.

    Attributes:
        name: How tables call it.
        module: The benchmark's module, whose variants run in processes of their own.
        provider: Returns Glacier's access, from the server's address.
        options: Returns the same access as Polars' options, as one writes them by hand.
        uri: Returns the address of a file in the bucket.
    """

    name: str
    module: str
    provider: Callable[[str], Provider]
    options: Callable[[str], dict[str, str]]
    uri: Callable[[str], str]

    def bucket(self, endpoint: str, path: str) -> Bucket:
        """Return a file in the bucket."""
        return self.provider(endpoint).bucket(BUCKET, path)


def numbers() -> pl.DataFrame:
    """Return what is written and read."""
    return pl.select(pl.int_range(ROWS).hash(seed).alias(f"c{seed}") for seed in range(COLUMNS))


def polars_scan(store: Store, endpoint: str) -> Work:
    """Return what reads all rows."""
    uri, options = store.uri(SOURCE), store.options(endpoint)
    return lambda: pl.scan_parquet(uri, storage_options=options).sum().collect()


def glacier_scan(store: Store, endpoint: str) -> Work:
    """Return what reads them by a bucket."""
    bucket = store.bucket(endpoint, SOURCE)
    return lambda: bucket.scan().sum().collect()


def run_scan(store: Store, endpoint: str) -> Work:
    """Return the run of a pipeline that reads them."""
    bucket = store.bucket(endpoint, SOURCE)

    @task
    def load(source: Bucket) -> pl.LazyFrame:
        return source.scan()

    @task
    def total(frame: pl.LazyFrame) -> int:
        return frame.sum().collect().width

    @pipeline
    def totals() -> int:
        return total(load(bucket))

    return totals.run


def polars_write(store: Store, endpoint: str) -> Work:
    """Return what writes all rows."""
    frame, uri, options = numbers().lazy(), store.uri(TARGET), store.options(endpoint)
    return lambda: frame.sink_parquet(uri, storage_options=options)


def glacier_write(store: Store, endpoint: str) -> Work:
    """Return what writes them by a bucket, all or nothing."""
    bucket = store.bucket(endpoint, TARGET)
    frame = numbers().lazy()
    return lambda: bucket.write(frame)


def run_write(store: Store, endpoint: str) -> Work:
    """Return the run of a pipeline that writes them."""
    bucket = store.bucket(endpoint, TARGET)
    rows = numbers().lazy()

    @task
    def load() -> pl.LazyFrame:
        return rows

    @task
    def save(frame: pl.LazyFrame, target: Bucket) -> None:
        target.write(frame)

    @pipeline
    def saving() -> None:
        save(load(), bucket)

    return saving.run


Variants = Mapping[str, Callable[[Store, str], Work]]

SCANS: Variants = {
    "polars_scan": polars_scan,
    "glacier_scan": glacier_scan,
    "run_scan": run_scan,
}
WRITES: Variants = {
    "polars_write": polars_write,
    "glacier_write": glacier_write,
    "run_write": run_write,
}


def run_one(store: Store, name: str, endpoint: str) -> None:
    """Run the variant of a name in this process, and print what it cost."""
    report_work({**SCANS, **WRITES}[name](store, endpoint))


def compare(store: Store, endpoint: str) -> None:
    """Measure all variants, in turns, and print what they cost."""
    lake = store.bucket(endpoint, SOURCE)
    lake.deploy()
    lake.write(numbers())
    for what, variants in (("Scan", SCANS), ("Sink", WRITES)):
        calls = [(name, endpoint) for name in variants]
        plain, ours, run = interleaved(store.module, calls, rounds=ROUNDS)
        table(
            f"{what} of 200 MB on {store.name}, median of {ROUNDS} pairs",
            [
                ("Polars, options by hand", f"{statistics.median(seconds(plain)):.3f} s", ""),
                ("Glacier", f"{statistics.median(seconds(ours)):.3f} s", ""),
                ("Glacier, inside a run", f"{statistics.median(seconds(run)):.3f} s", ""),
                (
                    "throughput / Polars",
                    f"{median_ratio(seconds(plain), seconds(ours)):.3f}",
                    "at least 0.95",
                ),
                (
                    "throughput inside a run / Polars",
                    f"{median_ratio(seconds(plain), seconds(run)):.3f}",
                    "at least 0.95",
                ),
                ("peak memory / Polars", f"{median_ratio(peaks(ours), peaks(plain)):.3f}", ""),
            ],
        )
