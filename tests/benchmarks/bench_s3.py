"""Scans and sinks of 200 MB on S3, against plain Polars with options written by hand.

Both talk to one server of this machine, in turns.

python -m tests.benchmarks.bench_s3                        all of it
python -m tests.benchmarks.bench_s3 glacier_write ADDRESS  one variant, in this process
"""

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import polars as pl
from pydantic import SecretStr

import glacier.engine.run  # noqa: F401 - the engine is imported on the first run
import glacier_aws.bucket  # noqa: F401 - and so is the adapter
from glacier import Bucket, Provider, pipeline, task
from glacier.config import AwsConfig
from tests.benchmarks.measure import interleaved, median_ratio, peaks, report_work, seconds, table
from tests.rigs.aws.server import ACCESS_KEY, REGION, SECRET_KEY, AwsServer

COLUMNS = 16
ROWS = 25_000_000 // COLUMNS
"""Together 25 million numbers of 8 bytes, which no codec makes smaller: 200 MB. They lie in few
row groups, since the server reads the whole object for each range that it is asked for."""

BUCKET = "benchmark"
SOURCE = "source.parquet"
TARGET = "target.parquet"
ROUNDS = 7
MODULE = "tests.benchmarks.bench_s3"


def numbers() -> pl.DataFrame:
    """Return what is written and read."""
    return pl.select(pl.int_range(ROWS).hash(seed).alias(f"c{seed}") for seed in range(COLUMNS))


def options(endpoint: str) -> dict[str, str]:
    """Return Polars' options as one writes them by hand."""
    return {
        "aws_access_key_id": ACCESS_KEY,
        "aws_secret_access_key": SECRET_KEY,
        "aws_region": REGION,
        "aws_endpoint_url": endpoint,
    }


def provider(endpoint: str) -> Provider:
    """Return the same access as a provider."""
    return Provider(
        config=AwsConfig(
            region=REGION,
            endpoint_url=endpoint,
            access_key_id=ACCESS_KEY,
            secret_access_key=SecretStr(SECRET_KEY),
        )
    )


def polars_scan(endpoint: str) -> Callable[[], object]:
    """Return what reads all rows."""
    uri = f"s3://{BUCKET}/{SOURCE}"
    return lambda: pl.scan_parquet(uri, storage_options=options(endpoint)).sum().collect()


def glacier_scan(endpoint: str) -> Callable[[], object]:
    """Return what reads them by a bucket."""
    bucket = provider(endpoint).bucket(BUCKET, SOURCE)
    return lambda: bucket.scan().sum().collect()


def run_scan(endpoint: str) -> Callable[[], object]:
    """Return the run of a pipeline that reads them."""
    bucket = provider(endpoint).bucket(BUCKET, SOURCE)

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


def polars_write(endpoint: str) -> Callable[[], object]:
    """Return what writes all rows."""
    frame, uri = numbers().lazy(), f"s3://{BUCKET}/{TARGET}"
    return lambda: frame.sink_parquet(uri, storage_options=options(endpoint))


def glacier_write(endpoint: str) -> Callable[[], object]:
    """Return what writes them by a bucket, all or nothing."""
    bucket = provider(endpoint).bucket(BUCKET, TARGET)
    frame = numbers().lazy()
    return lambda: bucket.write(frame)


def run_write(endpoint: str) -> Callable[[], object]:
    """Return the run of a pipeline that writes them."""
    bucket = provider(endpoint).bucket(BUCKET, TARGET)
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


SCANS = {"polars_scan": polars_scan, "glacier_scan": glacier_scan, "run_scan": run_scan}
WRITES = {"polars_write": polars_write, "glacier_write": glacier_write, "run_write": run_write}


def main(arguments: list[str]) -> None:
    """Measure all variants, or run the one that is named."""
    if arguments:
        name, endpoint = arguments
        report_work({**SCANS, **WRITES}[name](endpoint))
        return
    with tempfile.TemporaryDirectory() as made, AwsServer(Path(made)) as server:
        lake = Provider(config=server.config()).bucket(BUCKET, SOURCE)
        lake.adapter.deploy()
        lake.write(numbers())
        for what, variants in (("Scan", SCANS), ("Sink", WRITES)):
            calls = [(name, server.endpoint) for name in variants]
            plain, ours, run = interleaved(MODULE, calls, rounds=ROUNDS)
            table(
                f"{what} of 200 MB on S3, median of {ROUNDS} pairs",
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
                    (
                        "peak memory / Polars",
                        f"{median_ratio(peaks(ours), peaks(plain)):.3f}",
                        "",
                    ),
                ],
            )


if __name__ == "__main__":
    main(sys.argv[1:])
