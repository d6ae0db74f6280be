"""Lazy frames between tasks: finding them in results, and keeping them in temporary files."""

import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl

from glacier.storage import new_token


def map_frames(value: Any, change: Callable[[pl.LazyFrame], pl.LazyFrame]) -> Any:  # Any: results
    """Return a task's result with every lazy frame in it, also in containers, changed."""
    if isinstance(value, pl.LazyFrame):
        return change(value)
    if type(value) in {list, tuple}:
        return type(value)(map_frames(one, change) for one in value)
    if type(value) is dict:
        return {name: map_frames(one, change) for name, one in value.items()}
    return value


def frames_in(value: object) -> Iterator[pl.LazyFrame]:
    """Yield every lazy frame in a task's result, also in containers."""
    if isinstance(value, pl.LazyFrame):
        yield value
    elif type(value) in {list, tuple}:
        for one in value:  # type: ignore[attr-defined]  # narrowed by the exact type above
            yield from frames_in(one)
    elif type(value) is dict:
        for one in value.values():
            yield from frames_in(one)


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
        directory = self._made_directory()
        paths = [directory / f"{new_token()}.arrow" for _ in frames]
        sinks = [frame.sink_ipc(path, lazy=True) for frame, path in zip(frames, paths, strict=True)]
        pl.collect_all(sinks, engine="streaming")
        return [pl.scan_ipc(path, glob=False) for path in paths]

    def outlast(self) -> None:
        """Keep the files until `remove()` or the end of the process, whoever drops this object."""
        _outlasting.add(self)

    def remove(self) -> None:
        """Remove all files; the frames that scan them can't be collected any more."""
        _outlasting.discard(self)
        if self._remover is not None:
            self._remover()

    def _made_directory(self) -> Path:
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="glacier-run-"))
            self._remover = weakref.finalize(
                self, shutil.rmtree, self._directory, ignore_errors=True
            )
        return self._directory


_outlasting: set[TemporaryFrames] = set()


def stream_to_nothing(frame: pl.LazyFrame) -> None:
    """Compute every column of a frame and keep none of it."""
    frame.sink_batches(lambda _: None, maintain_order=False, engine="streaming")
