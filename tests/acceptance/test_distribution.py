"""On a cluster of two workers both work, and the driver holds no more when the rows are more."""

import json
from pathlib import Path

import polars as pl
import pytest

from glacier import Provider
from glacier.config import LocalConfig, SparkConfig
from tests.acceptance.spread import (
    COLUMNS,
    GROUPS,
    Spread,
    executors_by_stage,
    spreading,
    write_rows,
)
from tests.rigs.spark import WORKERS, SparkCluster

FEW = 250_000
TIMES = 8
MOST_GROWTH = 1.3


def logging_config(cluster: SparkCluster, log: Path) -> SparkConfig:
    """Return a config whose jobs keep Spark's own record of what ran where.

    The driver's heap may not grow for comfort: its part for new objects is small, so that what
    nobody needs is gone soon, and the rest holds less than the rows of the larger job.
    """
    options = cluster.config().spark_conf["spark.driver.extraJavaOptions"]
    return cluster.config(
        spark_conf={
            "spark.driver.memory": "512m",
            "spark.driver.extraJavaOptions": f"{options} -Xmn48m",
            "spark.eventLog.enabled": "true",
            "spark.eventLog.compress": "false",
            "spark.eventLog.rolling.enabled": "false",
            "spark.eventLog.dir": log.as_uri(),
        }
    )


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where Spark keeps its record, one file for each job."""
    return tmp_path_factory.mktemp("log")


@pytest.fixture(scope="module")
def spreads(
    spark_cluster: SparkCluster, log: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Spread]:
    """The same job over few rows and over many, by the number of rows."""
    home = tmp_path_factory.mktemp("spread")
    provider = Provider(config=LocalConfig(base_path=home / "data"))
    executor = provider.executor("spark", config=logging_config(spark_cluster, log))
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GLACIER_STATE", str(home / "state"))
        for height in (FEW, FEW * TIMES):
            rows = provider.bucket("lake", path=f"{height}.parquet")
            write_rows(rows, height)
            with spreading(rows, executor, home / "told").run() as run:
                assert len(run.jobs) == 1
                python_bytes, java_bytes = json.loads((home / "told").read_text(encoding="utf-8"))
                found[height] = Spread(
                    grouped=_summary(run.result["grouped"]),
                    weighed=_summary(run.result["weighed"]),
                    python_bytes=python_bytes,
                    java_bytes=java_bytes,
                )
    return found


def _summary(rows: pl.LazyFrame) -> pl.DataFrame:
    """Return a row for each key and each worker that says so."""
    keys = [name for name in ("key", "worker", "size") if name in rows.collect_schema()]
    others = [name for name in ("share", COLUMNS[0]) if name in rows.collect_schema()]
    return rows.group_by(keys).agg(pl.len().alias("rows"), pl.col(others).sum()).collect()


def test_groups_run_on_both_workers(spreads: dict[int, Spread]) -> None:
    rows = spreads[FEW].grouped

    assert rows["key"].sort().to_list() == list(range(GROUPS))
    assert rows["rows"].sum() == FEW
    assert (rows["rows"] == rows["size"]).all()
    assert rows["worker"].n_unique() == WORKERS


def test_narwhals_task_runs_on_both_workers(spreads: dict[int, Spread], log: Path) -> None:
    """Spark's own record says which executors wrote a task's rows."""
    rows = spreads[FEW].weighed

    stages = [stage for file in log.iterdir() for stage in executors_by_stage(file).values()]

    assert rows["rows"].sum() == FEW
    assert rows["share"].round(6).to_list() == [1.0] * GROUPS
    assert len(stages) == 2 * len(spreads)  # of the groups and of the Narwhals task, in each job
    assert all(len(executors) == WORKERS for executors in stages)


@pytest.mark.parametrize("process", ["python", "java"])
def test_driver_takes_as_much_memory_for_many_rows_as_for_few(
    spreads: dict[int, Spread], process: str
) -> None:
    """Compares the peaks of the resident memory (VmHWM), read when the driver ends."""
    few, many = (getattr(spreads[height], f"{process}_bytes") for height in spreads)

    growth = many / few

    assert few > 50 * 1024 * 1024  # what it takes for Polars, or for Spark, alone
    assert growth <= MOST_GROWTH, f"{few / 2**20:.0f} MiB, then {many / 2**20:.0f} MiB"
