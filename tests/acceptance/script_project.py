"""A user's project in a directory of its own: a package, a module beside the script, the script."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from glacier.config import SparkConfig
from tests.rigs.spark import spark_config

LIMIT_SECONDS = 180

TYPED = """\
from __future__ import annotations

from typing import TYPE_CHECKING, Optional

import polars as pl

if TYPE_CHECKING:
    import narwhals as nw
    import polars
    from polars import DataFrame as Eager
    from pyspark.sql import DataFrame


def lazy(rows: polars.LazyFrame) -> polars.LazyFrame:
    from shop.rates import RATE

    return rows.select("key", kind=pl.lit(type(rows).__name__), x=pl.col("x") * RATE)


def eager(rows: Optional[Eager], factor: Optional[int] = None) -> Eager:
    assert rows is not None
    return rows.select("key", kind=pl.lit(type(rows).__name__), x=pl.col("x") * (factor or 1))


def group(rows: Eager | None) -> Eager:
    from shop.rates import RATE

    assert rows is not None
    return rows.select("key", kind=pl.lit(type(rows).__name__), x=pl.col("x").sum() * RATE).head(1)


def wrapped(rows: nw.LazyFrame | None) -> nw.LazyFrame:
    import narwhals as nw

    from shop.rates import RATE

    assert rows is not None
    kind = nw.lit(rows.implementation.value)
    return rows.select("key", kind=kind, x=nw.col("x") * RATE)


def native(rows: DataFrame) -> DataFrame:
    from pyspark.sql import functions as f

    from shop.rates import RATE

    return rows.select("key", f.lit("spark").alias("kind"), (rows["x"] * RATE).alias("x"))
"""

SCRIPT = """\
import json
import sys

import narwhals as nw
import polars as pl
from shop import typed

from glacier import Provider, pipeline, task
from glacier.config import LocalConfig, SparkConfig

FACTOR = 10
provider = Provider(config=LocalConfig(base_path="data"))
config = SparkConfig(**json.loads(sys.argv[1])) if sys.argv[1:] else None
executor = provider.executor("elsewhere", config=config)


class Shift:
    def __init__(self, by):
        self.by = by

    def of(self, column):
        return column * FACTOR + self.by


@task(executor=executor)
def begin():
    return Shift(1)


def remote(**options):
    return task(executor=executor, depends_on=[begin], **options)


@remote()
def own_wrapped(rows: "nw.LazyFrame", shift):
    from beside import OFFSET

    kind = nw.lit(rows.implementation.value)
    return rows.select("key", kind=kind, x=shift.of(nw.col("x")) + OFFSET)


@remote(partition_by="key")
def own_group(rows: "pl.DataFrame", shift):
    from beside import OFFSET

    return rows.select("key", kind=pl.lit("own"), x=shift.of(pl.col("x")) + OFFSET)


@remote(engine="spark")
def unannotated(rows):
    from beside import OFFSET

    return rows.selectExpr("key", "'spark' AS kind", f"x * {FACTOR} + {OFFSET} AS x")


lazy, eager, wrapped, native = map(remote(), (typed.lazy, typed.eager, typed.wrapped, typed.native))
group = remote(partition_by="key")(typed.group)


@pipeline
def everything():
    shift = begin()
    rows = provider.bucket("lake", "rows.parquet").scan()
    answers = {one.name: one(rows) for one in (lazy, eager, group, wrapped, native, unannotated)}
    return {**answers, **{one.name: one(rows, shift) for one in (own_wrapped, own_group)}}


if __name__ == "__main__":
    rows = pl.DataFrame({"key": ["a", "b", "b"], "x": [1, 2, 3]})
    provider.bucket("lake", "rows.parquet").write(rows)
    with everything.run() as run:
        found = {name: frame.lazy().collect().sort("x") for name, frame in run.result.items()}
        answers = {name: frame.rows() for name, frame in found.items()}
        print(json.dumps({"jobs": len(run.jobs), "answers": answers}))
"""

FILES = {
    "shop/__init__.py": "",
    "shop/rates.py": "RATE = 3\n",
    "shop/typed.py": TYPED,
    "beside.py": "OFFSET = 100\n",
    "run.py": SCRIPT,
}


def run_script(directory: Path, config: SparkConfig | None) -> dict[str, Any]:
    """Write the project, run its script as a user does, and return what it prints.

    Args:
        directory: Where the project is written.
        config: The executor's config; None for another process of this machine.
    """
    for name, source in FILES.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(source, encoding="utf-8")
    args = [] if config is None else [config.model_dump_json()]
    done = subprocess.run(
        [sys.executable, "run.py", *args],
        cwd=directory,
        env={**os.environ, **_spark_of_its_own()} if config is None else None,
        capture_output=True,
        text=True,
        timeout=LIMIT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _spark_of_its_own() -> dict[str, str]:
    """Return what makes a Spark fast that is started in a process which no Spark has started."""
    config = spark_config("local[2]")
    properties = [("--conf", f"{name}={value}") for name, value in config.spark_conf.items()]
    words = ["--master", config.master, *(word for pair in properties for word in pair)]
    return {"PYSPARK_SUBMIT_ARGS": shlex.join([*words, "pyspark-shell"])}
