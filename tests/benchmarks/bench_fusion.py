"""A run's writes fused into one query, against hand-written Polars on the same 20 M rows.

Two outputs share a join, a filter and two computed columns; how much fusing saves depends on how
much of the work is shared.

python -m tests.benchmarks.bench_fusion            all of it
python -m tests.benchmarks.bench_fusion glacier DIR    one variant, in this process
"""

import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

import glacier.engine.run  # noqa: F401 - the engine is imported on the first run
from glacier import Bucket, Provider, pipeline, task
from glacier.config import LocalConfig
from tests.benchmarks.measure import (
    interleaved,
    median_ratio,
    peaks,
    report_work,
    seconds,
    table,
)

ROWS = 20_000_000
CUSTOMERS = 1_000
ROUNDS = 11
MODULE = "tests.benchmarks.bench_fusion"


def generate(directory: Path) -> None:
    """Write the input once."""
    random = np.random.default_rng(0)
    (directory / "lake").mkdir()
    pl.DataFrame(
        {
            "customer": random.integers(0, CUSTOMERS, ROWS),
            "region": random.integers(0, 50, ROWS),
            "price": random.normal(100, 30, ROWS),
            "discount": random.random(ROWS),
        }
    ).write_parquet(directory / "lake/sales.parquet")
    pl.DataFrame(
        {"customer": range(CUSTOMERS), "rate": random.random(CUSTOMERS) + 1}
    ).write_parquet(directory / "lake/customers.parquet")


def cleaned(sales: pl.LazyFrame, customers: pl.LazyFrame) -> pl.LazyFrame:
    """Return what both branches share."""
    return (
        sales.join(customers, on="customer")
        .filter(pl.col("price") > 20)
        .with_columns(
            paid=pl.col("price") * (1 - pl.col("discount")) * pl.col("rate"),
            spread=((pl.col("price") - 100) ** 2).sqrt(),
        )
    )


def by_customer(clean: pl.LazyFrame) -> pl.LazyFrame:
    """Return the first branch."""
    return clean.group_by("customer").agg(pl.col("paid").sum(), pl.col("spread").mean())


def by_region(clean: pl.LazyFrame) -> pl.LazyFrame:
    """Return the second branch."""
    return clean.group_by("region").agg(pl.col("paid").max(), pl.len())


def polars_sinks(directory: Path) -> list[pl.LazyFrame]:
    """Return the two lazy sinks as one would write them by hand."""
    clean = cleaned(
        pl.scan_parquet(directory / "lake/sales.parquet"),
        pl.scan_parquet(directory / "lake/customers.parquet"),
    )
    return [
        by_customer(clean).sink_parquet(directory / "lake/by_customer.parquet", lazy=True),
        by_region(clean).sink_parquet(directory / "lake/by_region.parquet", lazy=True),
    ]


def polars_joint(directory: Path) -> Callable[[], object]:
    """Return what executes both sinks as one query."""
    return lambda: pl.collect_all(polars_sinks(directory), engine="streaming")


def polars_single(directory: Path) -> Callable[[], object]:
    """Return what executes sink by sink."""
    return lambda: [sink.collect(engine="streaming") for sink in polars_sinks(directory)]


def glacier_run(directory: Path) -> Callable[[], object]:
    """Return the run of a pipeline of small tasks that does the same."""
    provider = Provider(config=LocalConfig(base_path=directory))
    sales = provider.bucket("lake", path="sales.parquet")
    customers = provider.bucket("lake", path="customers.parquet")
    customer_report = provider.bucket("lake", path="by_customer.parquet")
    region_report = provider.bucket("lake", path="by_region.parquet")
    clean_task, customer_task, region_task = task(cleaned), task(by_customer), task(by_region)

    @task
    def load(bucket: Bucket) -> pl.LazyFrame:
        return bucket.scan()

    @task
    def save(frame: pl.LazyFrame, bucket: Bucket) -> None:
        bucket.write(frame)

    @pipeline
    def report() -> None:
        clean = clean_task(load(sales), load(customers))
        save(customer_task(clean), customer_report)
        save(region_task(clean), region_report)

    return report.run


def unrelated(directory: Path, count: int) -> Callable[[], object]:
    """Return the run of a pipeline with `count` writes that share only the file they read."""
    provider = Provider(config=LocalConfig(base_path=directory))
    sales = provider.bucket("lake", path="sales.parquet")

    @task
    def split(number: int) -> None:
        part = sales.scan().filter(pl.col("region") == number)
        provider.bucket("lake", path=f"parts/{number}.parquet").write(part)

    @pipeline
    def splitting() -> None:
        for number in range(count):
            split(number)

    return splitting.run


VARIANTS = {"joint": polars_joint, "single": polars_single, "glacier": glacier_run}


def main(arguments: list[str]) -> None:
    """Measure all variants, or run the one that is named."""
    if arguments:
        name, directory = arguments[0], Path(arguments[1])
        if name == "unrelated":
            report_work(unrelated(directory, int(arguments[2])))
        else:
            report_work(VARIANTS[name](directory))
        return
    with tempfile.TemporaryDirectory() as made:
        directory = Path(made)
        generate(directory)
        joint, single, ours = interleaved(
            MODULE, [(name, made) for name in VARIANTS], rounds=ROUNDS
        )
        few, many = interleaved(
            MODULE, [("unrelated", made, "8"), ("unrelated", made, "40")], rounds=3
        )
    table(
        f"Two outputs of one cleaned frame, {ROWS:,} rows, median of {ROUNDS} pairs",
        [
            ("Polars, one query", f"{statistics.median(seconds(joint)):.3f} s", ""),
            ("Polars, sink by sink", f"{statistics.median(seconds(single)):.3f} s", ""),
            ("Glacier", f"{statistics.median(seconds(ours)):.3f} s", ""),
            (
                "Glacier / one query",
                f"{median_ratio(seconds(ours), seconds(joint)):.3f}",
                "at most 1.05",
            ),
            (
                "sink by sink / Glacier",
                f"{median_ratio(seconds(single), seconds(ours)):.3f}",
                "at least 1.25",
            ),
            ("peak memory, one query", f"{statistics.median(peaks(joint)):.0f} MiB", ""),
            (
                "peak memory / one query",
                f"{median_ratio(peaks(ours), peaks(joint)):.3f}",
                "at most 1.10",
            ),
        ],
    )
    table(
        "Writes that share nothing, median of 3 pairs",
        [
            ("peak memory of 8", f"{statistics.median(peaks(few)):.0f} MiB", ""),
            (
                "peak memory of 40 / of 8",
                f"{median_ratio(peaks(many), peaks(few)):.3f}",
                "at most 1.5",
            ),
        ],
    )


if __name__ == "__main__":
    main(sys.argv[1:])
