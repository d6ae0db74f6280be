"""Tasks that do what no task should."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import polars as pl

from glacier import Executor, Pipeline, pipeline, task

MEGABYTES = 100


def leave() -> None:
    sys.exit(3)


def huge() -> dict[str, Any]:
    return {"bytes": bytearray(65 * 1024 * 1024)}


def shout() -> str:
    for number in range(MEGABYTES):
        print(f"{number:03}" + "x" * (1024 * 1024 - 4))
    print("the last line", flush=True)
    return "said"


def die() -> None:
    print("about to die", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)


def kill_a_worker(rows: pl.DataFrame) -> pl.DataFrame:
    if rows.height:
        os.kill(os.getpid(), signal.SIGKILL)
    return rows


class Trace:
    """What leaves a file behind when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self._path,)


def failing_at_once(executor: Executor) -> Pipeline[[], Any]:
    """Return a pipeline whose tasks fail in one job, each in its own way; one does not."""

    @task(executor=executor)
    def begin() -> None: ...

    rows = pl.DataFrame({"key": [1, 2], "x": [1, 2]})
    kill = task(executor=executor, depends_on=[begin], partition_by="key")(kill_a_worker)
    others = [task(executor=executor, depends_on=[begin])(one) for one in (leave, huge, shout)]

    @pipeline
    def failing() -> Any:
        begin()
        return [kill(rows), *(one() for one in others)]

    return failing
