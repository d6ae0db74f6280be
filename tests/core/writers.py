"""A process that forks writers, and ends them as it is told.

Started as a script with a base path; every line on its standard input is one order, and every
order is answered by one line of JSON. Polars takes a second to import and can be forked as long
as it has run no query, so that a hundred writers cost no hundred imports.
"""

import contextlib
import json
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import polars as pl

from glacier import Provider
from glacier.config import LocalConfig
from glacier.errors import GlacierError, WriteError

ROWS = 100_000


def rows(version: int) -> pl.LazyFrame:
    """Return the rows of a version: whole if there are `ROWS` and all have one version."""
    return pl.select(version=pl.repeat(version, ROWS), row=pl.int_range(ROWS)).lazy()


class Writers:
    """The tests' side: a started process, and the orders that it takes."""

    def __init__(self, base_path: Path) -> None:
        command = [sys.executable, str(Path(__file__)), str(base_path)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def order(self, name: str, *arguments: object) -> dict[str, object]:
        """Have an order carried out and return the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([name, *arguments]), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        assert isinstance(answer, dict)
        return answer

    def close(self) -> None:
        """End the process."""
        with self._process as process:
            assert process.stdin is not None
            process.stdin.close()


@contextlib.contextmanager
def started(base_path: Path) -> Iterator[Writers]:
    """Start a process of writers, and end it afterwards."""
    writers = Writers(base_path)
    try:
        yield writers
    finally:
        writers.close()


def _fork(work: Callable[[], None]) -> int:
    process = os.fork()
    if process:
        return process
    try:
        work()
    finally:
        os._exit(0)


def _kill(provider: Provider, after_seconds: float, first: int) -> dict[str, object]:
    """Write versions to one path and to new ones, and be killed some time after the start."""
    reader, writer = os.pipe()

    def work() -> None:
        os.write(writer, b".")
        for version in range(first, first + 1000):
            provider.bucket("b", "over.parquet").write(rows(version))
            provider.bucket("b", f"new/{version}.parquet").write(rows(version))

    process = _fork(work)
    os.read(reader, 1)
    select.select([], [], [], after_seconds)  # the moment is what the order is about
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    os.close(reader)
    os.close(writer)
    return {"pid": process}


def _append(provider: Provider, format_name: str, processes: int, times: int) -> dict[str, object]:
    """Append to one partitioned dataset or table from several processes at once."""

    def work(number: int) -> Callable[[], None]:
        def append() -> None:
            bucket = provider.bucket("b", "ds/", format_name)
            for turn in range(times):
                frame = pl.DataFrame({"part": [0, 1], "writer": [number] * 2, "turn": [turn] * 2})
                _until_accepted(partial(bucket.write, frame, mode="append", partition_by="part"))

        return append

    for process in [_fork(work(number)) for number in range(processes)]:
        os.waitpid(process, 0)
    return {}


def _until_accepted(write: Callable[[], None]) -> None:
    """Write again as long as another writer comes between, as the error says to."""
    while True:
        try:
            return write()
        except WriteError as error:
            if "Another writer changed" not in str(error):
                raise


def _fill_disk(provider: Provider, path: str, limit_bytes: int) -> dict[str, object]:
    """Write under a limit of the size of files, and tell how that failed."""
    reader, writer = os.pipe()

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))
        error: Exception | None = None
        try:
            provider.bucket("b", path).write(rows(2), compression="uncompressed")
        except GlacierError as raised:
            error = raised
        os.write(writer, json.dumps({"error": type(error).__name__, "text": str(error)}).encode())

    os.waitpid(_fork(work), 0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = json.loads(pipe.read())
    assert isinstance(answer, dict)
    return answer


def _serve(base_path: Path) -> None:
    provider = Provider(config=LocalConfig(base_path=base_path))
    orders: dict[str, Callable[..., dict[str, object]]] = {
        "kill": _kill,
        "append": _append,
        "fill_disk": _fill_disk,
    }
    provider.bucket("b", "x.parquet").get_format()  # imports what the writers will need
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        print(json.dumps(orders[name](provider, *arguments)), flush=True)


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
