"""A platform behind a token, tasks that reach it in all ways, and a search for the token."""

import base64
import os
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import polars as pl
from pydantic import SecretStr

from glacier import Bucket, Executor, Pipeline, pipeline, task
from glacier.config import LocalConfig


class TokenConfig(LocalConfig):
    """This machine, behind a token that only its own environment knows over there."""

    token: SecretStr = SecretStr("")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        return cls(token=SecretStr((os.environ if environ is None else environ)["TOKEN"]))


KEPT: dict[str, Bucket] = {}


def record_of_the_run() -> str:
    """Return what the caller has noted of this job on its disk, once it has done so."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        files = [path for path in Path(os.environ["GLACIER_STATE"]).rglob("*") if path.is_file()]
        text = "".join(path.read_text(encoding="utf-8") for path in files)
        if "by_argument" in text:
            return text
        time.sleep(0.02)
    raise TimeoutError("the run has no record")


def total(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.col("x").sum()).collect().item())


def reaching(buckets: Mapping[str, Bucket], executor: Executor) -> Pipeline[[], Any]:
    """Return a pipeline whose tasks reach the buckets as arguments, globals and by closures.

    Its last task fails with what the others have found, so that staging is kept.
    """
    KEPT.update(buckets)
    caller = os.getpid()

    @task(executor=executor)
    def by_argument(given: Mapping[str, Bucket]) -> list[int]:
        print(given, [bucket.provider for bucket in given.values()])
        if os.getpid() != caller:  # a plan runs this too, and no job has a record then
            print(record_of_the_run())
        return [total(bucket.scan()) for bucket in given.values()]

    @task(executor=executor)
    def by_closure(_: object) -> list[int]:
        return [total(bucket.scan().filter(pl.col("x") > 1)) for bucket in buckets.values()]

    @task(executor=executor)
    def by_frames(_: object, *frames: pl.LazyFrame) -> list[int]:
        return [total(frame) for frame in frames]

    @task(executor=executor)
    def returned(_: object) -> Any:
        return [*buckets.values(), *(bucket.scan() for bucket in buckets.values())]

    @task(executor=executor)
    def end(*answers: list[int]) -> None:
        raise ValueError(f"{answers} {buckets}")

    by_global = task(executor=executor)(_of_globals())

    @pipeline
    def reached() -> Any:
        first = by_argument(buckets)
        frames: Any = [bucket.scan() for bucket in buckets.values()]
        derived = [frame.filter(pl.col("x") > 1) for frame in frames]
        end(first, by_closure(first), by_global(first), by_frames(first, *frames, *derived))
        return returned(first)

    return reached


def _of_globals() -> Callable[[object], list[int]]:
    """Return a function of a script, which takes its globals along."""
    source = "def by_global(_): return [total(bucket.scan()) for bucket in KEPT.values()]"
    names: dict[str, Any] = {"__name__": "__main__", "KEPT": KEPT, "total": total}
    exec(source, names)
    made: Callable[[object], list[int]] = names["by_global"]
    return made


def spellings(secret: str) -> set[bytes]:
    """Return how a secret may stand in a file: as it is, as UTF-16, and as base64 of either."""
    plain = {secret.encode(), secret.encode("utf-16-le"), secret.encode("utf-16-be")}
    # Base64 of a text depends on where in a group of three it begins; its middle is the same.
    encoded = {base64.b64encode(b"\0" * n + one)[4:-4] for one in plain for n in range(3)}
    return plain | encoded | {secret.encode().hex().encode()}


def files_that_hold(secret: str, directory: Path) -> tuple[list[str], int]:
    """Return the files below a directory that hold a secret, and how many were looked into."""
    forms = spellings(secret)
    found, count = [], 0
    for name, data in _contents(directory):
        count += 1
        if any(form in data for form in forms):
            found.append(name)
    return found, count


def _contents(directory: Path) -> Iterator[tuple[str, bytes]]:
    for path in directory.rglob("*"):
        if path.is_file():
            yield str(path), path.read_bytes()
        if path.suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                yield from ((f"{path}/{name}", archive.read(name)) for name in archive.namelist())


class Watch:
    """Reads, until it is told to stop, the command lines of all processes of this machine.

    Attributes:
        seen: Every command line that was there, its parts separated by zero bytes.
    """

    def __init__(self) -> None:
        self.seen: set[bytes] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.1):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    self.seen.add(path.read_bytes())
                except OSError:  # it has ended meanwhile
                    continue
