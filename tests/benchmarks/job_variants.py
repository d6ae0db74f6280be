"""One 10-second Spark job, by hand and as a task, each in a process of its own.

python -m tests.benchmarks.job_variants by-hand|glacier DIRECTORY
"""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pyspark
from pyspark.sql import DataFrame
from pyspark.sql import functions as F  # noqa: N812 - the name that everybody gives it

from glacier import Provider, pipeline, task
from glacier.config import LocalConfig, SparkConfig
from tests.benchmarks.measure import report_work

MASTER = "local[2]"
CONF = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1"}
ROWS = 1_000_000
HASHES = 24


def make_input(directory: Path) -> None:
    """Write what both variants read."""
    numbers = pl.int_range(ROWS, eager=True).alias("number").to_frame()
    (directory / "raw").mkdir(parents=True, exist_ok=True)
    numbers.write_parquet(directory / "raw" / "numbers.parquet", row_group_size=ROWS // 16)


def work(numbers: DataFrame) -> DataFrame:
    """Hash every number many times over, and count what the hashes begin with."""
    text = F.col("number").cast("string")
    for _ in range(HASHES):
        text = F.sha2(text, 256)
    return numbers.groupBy(F.substring(text, 1, 2).alias("start")).count()


def by_hand(directory: Path) -> None:
    """Submit a script as one would without Glacier."""
    home = Path(os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent)
    conf = [part for name, value in CONF.items() for part in ("--conf", f"{name}={value}")]
    environment = {**os.environ, "PYSPARK_PYTHON": sys.executable, "PYTHONPATH": str(Path.cwd())}
    subprocess.run(
        [
            str(home / "bin" / "spark-submit"),
            "--master",
            MASTER,
            *conf,
            __file__,
            "script",
            str(directory),
        ],
        check=True,
        capture_output=True,
        env=environment,
    )


def script(directory: Path) -> None:
    """Do what the script that is submitted by hand does."""
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.getOrCreate()
    numbers = spark.read.parquet(f"{directory}/raw/numbers.parquet")
    work(numbers).write.mode("overwrite").parquet(f"{directory}/by-hand")


def with_glacier(directory: Path) -> None:
    """Have Glacier submit a task."""
    provider = Provider(config=LocalConfig(base_path=directory))
    spark = provider.executor("spark", config=SparkConfig(master=MASTER, spark_conf=CONF))
    raw = provider.bucket("raw", "numbers.parquet")

    @task
    def numbers() -> pl.LazyFrame:
        return raw.scan()

    heavy = task(executor=spark)(work)

    @pipeline
    def counted() -> DataFrame:
        return heavy(numbers())  # type: ignore[arg-type]  # a handle, of whatever kind of frame

    with counted.run() as run:
        assert run.result.collect().height == 256


if __name__ == "__main__":
    variant, place = sys.argv[1], Path(sys.argv[2])
    if variant == "script":
        script(place)
    else:
        report_work(lambda: (by_hand if variant == "by-hand" else with_glacier)(place))
