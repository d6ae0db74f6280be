"""What the tests of faults do on every store: rows, a run over them, and looking again later."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from glacier import Bucket, pipeline, task
from tests.rigs.proxy import Request

SMALL = pl.DataFrame({"k": [0, 1, 2], "n": [1, 2, 3]})
OLD = SMALL.with_columns(pl.col("n") + 100)
TEXTS = ("f.csv", "f.ndjson", "f.ipc")
"""Files that are read from their start to their end."""


def big() -> pl.DataFrame:
    """Rows whose file has just more than one part."""
    rows = pl.select(n=pl.int_range(1_060_000).hash().reinterpret(signed=True), k=0)
    return pl.concat([rows.select("k", "n").cast(SMALL.schema), SMALL])


class Holds(Protocol):
    """A bucket, seen past Glacier."""

    def bodies(self) -> dict[str, bytes]:
        """Return what all objects hold, by key."""


@dataclass
class Watch:
    """Objects that have to stay as they are."""

    seen: list[tuple[str, Holds, dict[str, bytes]]] = field(default_factory=list)

    def changed(self) -> list[str]:
        return [name for name, objects, old in self.seen if objects.bodies() != old]


def first_time() -> Callable[[Request], bool]:
    """Return what is true of every request when it is made for the first time."""
    seen: set[tuple[str, str, str]] = set()

    def is_first(request: Request) -> bool:
        is_new = (request.method, request.path, request.query) not in seen
        seen.add((request.method, request.path, request.query))
        return is_new

    return is_first


def sorted_rows(bucket: Bucket) -> pl.DataFrame:
    return bucket.read().select("k", "n").sort("k", "n")


@task
def load(bucket: Bucket) -> pl.LazyFrame:
    return bucket.scan()


@task
def tripled(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.with_columns(pl.col("n") * 3)


@task
def save(frame: pl.LazyFrame, bucket: Bucket, columns: list[str] | None = None) -> None:
    bucket.write(frame, partition_by=columns)


@pipeline
def fused(source: Bucket, file: Bucket, dataset: Bucket) -> None:
    frame = tripled(load(source))
    save(frame, file)
    save(frame, dataset, ["k"])
