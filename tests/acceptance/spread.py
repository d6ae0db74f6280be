"""A job on a cluster that handles many rows, and what its processes tell of themselves."""

import atexit
import json
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import narwhals as nw
import polars as pl

from glacier import Bucket, Executor, Pipeline, pipeline, task

COLUMNS = tuple(f"x{number}" for number in range(7))
GROUPS = 32
Frame: TypeAlias = nw.LazyFrame[Any]


@dataclass(frozen=True)
class Spread:
    """What became of one job.

    Attributes:
        grouped: What the task with `partition_by` returned.
        weighed: What the Narwhals task returned.
        python_bytes: The peak memory of the driver's Python.
        java_bytes: The peak memory of the driver's Java.
    """

    grouped: pl.DataFrame
    weighed: pl.DataFrame
    python_bytes: int
    java_bytes: int


def write_rows(bucket: Bucket, height: int) -> None:
    """Write rows that compress badly."""
    index = pl.int_range(height)
    columns = {f"x{n}": index.hash(seed=n) / 2.0**64 for n in range(len(COLUMNS))}
    bucket.write(pl.LazyFrame().select(key=index % GROUPS, **columns))


def peak_bytes(process_id: int | str) -> int:
    """Return the most memory that a process ever held at a time."""
    lines = Path(f"/proc/{process_id}/status").read_text(encoding="utf-8").splitlines()
    kilobytes = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
    return int(kilobytes) * 1024


def tell_at_the_end(path: str) -> None:
    """Have this process write its own peak and that of the Java that started it, as it ends."""

    def tell() -> None:
        peaks = [peak_bytes("self"), peak_bytes(os.getppid())]
        Path(path).write_text(json.dumps(peaks), encoding="utf-8")

    atexit.register(tell)


def grouped(rows: pl.DataFrame) -> pl.DataFrame:
    means = pl.col(COLUMNS) - pl.col(COLUMNS).mean()
    # A worker's Python is forked by a process that its executor has started.
    return rows.with_columns(means, size=pl.len(), worker=pl.lit(os.getppid(), pl.Int64))


def weighed(rows: Frame) -> Frame:
    return rows.with_columns(share=nw.col("x0") / nw.col("x0").sum().over("key"))


def spreading(rows: Bucket, executor: Executor, told: Path) -> Pipeline[[], Any]:
    """Return a pipeline that is one job on an executor."""

    @task(executor=executor)
    def begin() -> None:
        tell_at_the_end(str(told))

    by_key = task(executor=executor, depends_on=[begin], partition_by="key")(grouped)
    whole = task(executor=executor, depends_on=[begin])(weighed)

    @pipeline
    def spread() -> dict[str, Any]:
        begin()
        frame: Any = rows.scan()
        return {"grouped": by_key(frame), "weighed": whole(frame)}

    return spread


def executors_by_stage(log: Path) -> dict[int, set[str]]:
    """Return the executors that have written rows, by the stage of which that was a part."""
    found = defaultdict(set)
    for line in log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        metrics = event.get("Task Metrics", {}).get("Output Metrics", {})
        if metrics.get("Records Written"):
            found[event["Stage ID"]].add(event["Task Info"]["Executor ID"])
    return dict(found)
