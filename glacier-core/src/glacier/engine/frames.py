"""Lazy frames between tasks: finding them in results, and keeping them in temporary files."""

import copy
import dataclasses
import gc
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import CellType, FunctionType, ModuleType
from typing import Any, cast

import polars as pl
from polars.lazyframe.group_by import LazyGroupBy

from glacier.storage import new_token

# How far a search for hidden frames goes: a trained model can have millions of objects.
_MOST_OBJECTS = 10_000
_NEVER_HIDE_FRAMES = (type, ModuleType, str, bytes, int, float, pl.DataFrame, pl.Series)


def map_frames(value: Any, change: Callable[[pl.LazyFrame], pl.LazyFrame]) -> Any:  # Any: results
    """Return a task's result with every lazy frame that `frames_in` finds in it changed."""
    if isinstance(value, pl.LazyFrame):
        return change(value)
    if type(value) in {list, tuple}:
        return type(value)(map_frames(one, change) for one in value)
    if type(value) is dict:
        return {name: map_frames(one, change) for name, one in value.items()}
    if _is_named_tuple(value):
        return type(value)._make(map_frames(one, change) for one in value)
    if _is_dataclass(value):
        changed = copy.copy(value)
        for field in dataclasses.fields(value):
            # Not setattr: the class may be frozen.
            one = map_frames(getattr(value, field.name), change)
            object.__setattr__(changed, field.name, one)
        return changed
    return value


def frames_in(value: object) -> Iterator[pl.LazyFrame]:
    """Yield every lazy frame in a task's result.

    Looked into are lists, tuples, dicts, named tuples and dataclasses, at any depth.
    """
    if isinstance(value, pl.LazyFrame):
        yield value
    elif type(value) in {list, tuple} or _is_named_tuple(value):
        for one in cast("Iterable[object]", value):
            yield from frames_in(one)
    elif type(value) is dict:
        for one in value.values():
            yield from frames_in(one)
    elif _is_dataclass(value):
        for field in dataclasses.fields(cast("Any", value)):
            yield from frames_in(getattr(value, field.name))


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


def _is_named_tuple(value: object) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _is_dataclass(value: object) -> bool:
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


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
