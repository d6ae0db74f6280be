"""Lazy frames between tasks: finding them in results, and keeping them in temporary files."""

import gc
import shutil
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import CellType, FunctionType, ModuleType
from typing import Any

import polars as pl
from polars.lazyframe.group_by import LazyGroupBy

from glacier.config.local import LocalConfig
from glacier.jobs.entrypoint import scratch_directory
from glacier.pipeline.containers import leaves
from glacier.provider import Provider
from glacier.resources import Bucket
from glacier.storage import new_token

# How far a search for hidden frames goes: a trained model can have millions of objects.
_MOST_OBJECTS = 10_000
_NEVER_HIDE_FRAMES = (type, ModuleType, str, bytes, int, float, pl.DataFrame, pl.Series)


def frames_in(value: object) -> Iterator[pl.LazyFrame]:
    """Yield every lazy frame in a task's result, also in containers."""
    return (leaf for leaf in leaves(value) if isinstance(leaf, pl.LazyFrame))


def hides_frames(value: object) -> bool:
    """Return whether a lazy frame can be reached from an object that `frames_in` knows not.

    Such a frame can be seen, and not be exchanged for another one.
    """
    seen: set[int] = set()
    stack = [value]
    while stack and len(seen) < _MOST_OBJECTS:
        one = stack.pop()
        if id(one) in seen or isinstance(one, _NEVER_HIDE_FRAMES):
            continue
        if isinstance(one, pl.LazyFrame | LazyGroupBy):
            return True
        seen.add(id(one))
        if isinstance(one, FunctionType):  # not its globals: they are everybody's
            stack += [cell.cell_contents for cell in one.__closure__ or () if _is_set(cell)]
            stack += one.__defaults__ or ()
        else:
            stack += gc.get_referents(one)
    return False


def _is_set(cell: CellType) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:  # a variable of the function around that has no value yet
        return False


class TemporaryFrames:
    """Frames that were streamed to temporary files of this run.

    The files are IPC, which holds every Polars type as it is. The directory is made when the
    first one is kept.
    """

    def __init__(self) -> None:
        self._directory: Path | None = None
        self._remover: weakref.finalize[Any, Any] | None = None

    def keep(self, frames: list[pl.LazyFrame]) -> list[pl.LazyFrame]:
        """Compute frames together, each into a file, and return scans of the files."""
        directory = self.directory()
        paths = [directory / f"{new_token()}.arrow" for _ in frames]
        sinks = [frame.sink_ipc(path, lazy=True) for frame, path in zip(frames, paths, strict=True)]
        pl.collect_all(sinks, engine="streaming")
        return [pl.scan_ipc(path, glob=False) for path in paths]

    def new_place(self) -> Bucket:
        """Return a new dataset among the files, for frames that go through another engine."""
        here = Provider(config=LocalConfig(base_path=self.directory()))
        return here.bucket("frames", f"{new_token()}/")

    def outlast(self) -> None:
        """Keep the files until `remove()` or the end of the process, whoever drops this object."""
        _outlasting.add(self)

    def remove(self) -> None:
        """Remove all files; the frames that scan them can't be collected any more."""
        _outlasting.discard(self)
        if self._remover is not None:
            self._remover()

    def directory(self) -> Path:
        """Return the directory of the files, made on the first call."""
        if self._directory is None:
            parent = scratch_directory()
            self._directory = Path(tempfile.mkdtemp(prefix="glacier-run-", dir=parent))
            self._remover = weakref.finalize(
                self, shutil.rmtree, self._directory, ignore_errors=True
            )
        return self._directory


_outlasting: set[TemporaryFrames] = set()


def stream_to_nothing(frame: pl.LazyFrame) -> None:
    """Compute every column of a frame and keep none of it."""
    frame.sink_batches(lambda _: None, maintain_order=False, engine="streaming")
