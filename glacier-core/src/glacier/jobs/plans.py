"""What a lazy frame's plan reads, and whether the plan can be carried out by another process.

A plan is serialised by Polars; its JSON form says what it reads. Whatever is not known to lie in
storage that the other process reaches makes the plan stay here, and its rows travel instead.
"""

import io
import json
import pickletools
import re
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl

from glacier.resources.translation import FAILURES

_LARGEST_PLAN_BYTES = 4 * 1024 * 1024
_MEMORY_NODES = ("DF [", "PYTHON SCAN")
_MEMORY_KEYS = {"DataFrameScan", "PythonScan", "Buffers", "Files"}
_INPUTS = ("input", "inputs", "input_left", "input_right", "contexts", "relations", "dsl")
_BY_VALUE = (b"_make_function", b"_make_skeleton_class", b"CodeType")
_PICKLE_STARTS = (b"\x80\x04\x95", b"\x80\x05\x95")
_CREDENTIALS = "credential_provider"
_HERE = (sys.version_info.minor, sys.version_info.micro)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that another process can carry out.

    Attributes:
        data: The plan as Polars serialises it.
        paths: What it reads: paths of this machine, or URIs.
        modules: The modules that Python functions in it are imported from.
        needs_same_python: Whether it holds Python functions, or other code by its value.
        python: The version of Python that serialised it.
    """

    data: bytes
    paths: tuple[str, ...]
    modules: frozenset[str]
    needs_same_python: bool
    python: tuple[int, int]

    def load(self) -> pl.LazyFrame:
        """Return the frame again, in whatever process this is."""
        return pl.LazyFrame.deserialize(io.BytesIO(_for_this_python(self.data, self.python)))


def plan_of(frame: pl.LazyFrame, is_shared: Callable[[str], bool]) -> Plan | None:
    """Return a frame's plan if it reads shared storage and nothing else; None otherwise.

    Reads what the schema needs (the footers of Parquet files), and no rows.

    Args:
        frame: Any lazy frame.
        is_shared: Says of a path or URI whether the other process reaches it.
    """
    # Serialising copies what lies in memory, which may be more than there is room for.
    if _holds_memory(frame):
        return None
    data = _serialized(frame)
    if data is None:
        return None
    tree = _as_json(frame)
    paths = _paths_of(tree)
    if not paths or not all(is_shared(path) for path in paths):
        return None
    pickles = [(key, blob) for key, blob in _blobs_in(tree) if _pickle_starts(blob)]
    modules = frozenset(name for _, blob in pickles for name in _modules_in(blob))
    needs_same_python = any(key != _CREDENTIALS or holds_code(blob) for key, blob in pickles)
    return Plan(data, tuple(paths), modules, needs_same_python, _HERE)


def _holds_memory(frame: pl.LazyFrame) -> bool:
    try:
        lines = frame.explain(optimized=False).splitlines()
    except FAILURES:  # raised again, and told well, when the frame is sent
        return True
    return any(line.lstrip().startswith(_MEMORY_NODES) or "in-mem" in line for line in lines)


class _LimitedFile(io.BytesIO):
    def write(self, data: Any) -> int:  # Any: a buffer of any kind
        if self.tell() + len(data) > _LARGEST_PLAN_BYTES:
            raise OSError("the plan is too large")
        return super().write(data)


def _serialized(frame: pl.LazyFrame) -> bytes | None:
    """Return a plan as bytes; None for one that holds large literals, or what has no bytes."""
    target = _LimitedFile()
    try:
        frame.serialize(target)
    except FAILURES:  # functions in it decide themselves what their pickling raises
        return None
    return target.getvalue()


def _as_json(frame: pl.LazyFrame) -> Any:  # Any: JSON
    # For good: to take a filter back is not safe while other threads warn.
    warnings.filterwarnings("ignore", "'json' serialization format of LazyFrame is deprecated")
    return json.loads(frame.serialize(format="json"))


def _paths_of(tree: object) -> list[str]:
    """Return all that a plan reads; nothing for one that holds what is not known."""
    paths: list[str] = []
    pending = [tree]
    while pending:
        node = pending.pop()
        name, body = next(iter(node.items())) if isinstance(node, dict) and node else ("", {})
        inputs = [one for key in _INPUTS if key in body for one in _nodes_in(body[key])]
        if name != "Scan" and not inputs:
            return []
        pending += inputs
    for key, value in _items_in(tree):
        if key in _MEMORY_KEYS:
            return []
        if key == "sources":
            found = value.get("Paths") if isinstance(value, dict) else None
            if not found or not all(isinstance(one, dict) and "inner" in one for one in found):
                return []
            paths += [str(one["inner"]) for one in found]
    return paths


def _nodes_in(value: object) -> Iterator[object]:
    """Yield the plans that an input holds: one, or several with or without names."""
    if isinstance(value, list):
        for item in value:
            yield from _nodes_in(item)
    elif isinstance(value, dict):
        yield value


def _items_in(tree: object) -> Iterator[tuple[str, object]]:
    """Yield every key of every object in a JSON tree, with its value."""
    pending = [tree]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            yield from one.items()
            pending += one.values()
        elif isinstance(one, list) and not _is_blob(one):
            pending += one


def _blobs_in(tree: object) -> Iterator[tuple[str, bytes]]:
    """Yield what a plan holds as bytes, with the key below which it stands."""
    pending: list[tuple[str, object]] = [("", tree)]
    while pending:
        key, one = pending.pop()
        if isinstance(one, dict):
            inner = _CREDENTIALS if key == _CREDENTIALS else None
            pending += [(inner or name, value) for name, value in one.items()]
        elif isinstance(one, list) and _is_blob(one):
            yield key, bytes(one)
        elif isinstance(one, list):
            pending += [(key, item) for item in one]


def _is_blob(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(one, int) and 0 <= one < 256 for one in items)


def _pickle_starts(blob: bytes) -> list[int]:
    """Return where in some bytes a pickle may start."""
    return [found.start() for found in re.finditer(b"|".join(_PICKLE_STARTS), blob)]


def _modules_in(blob: bytes) -> Iterator[str]:
    """Yield the modules that a pickle names, and perhaps others that its text is the name of."""
    for start in _pickle_starts(blob):
        try:
            for opcode, argument, _ in pickletools.genops(blob[start:]):
                # What is pickled by its name is in a module that is loaded.
                if "UNICODE" in opcode.name and argument in sys.modules:
                    yield str(argument)
        except ValueError:  # not a pickle's start, by chance
            continue


def holds_code(data: bytes) -> bool:
    """Return whether a pickle holds code by its value, which only the same Python can run."""
    return any(mark in data for mark in _BY_VALUE)


def _for_this_python(data: bytes, python: tuple[int, int]) -> bytes:
    """Return a plan that this Python accepts, although another release has serialised it.

    Polars marks functions that cloudpickle has pickled, and refuses those of another patch
    release, whose code is the same. A job of another minor release is refused by its header.
    """
    if python == _HERE:
        return data
    for start in _PICKLE_STARTS:
        # As bytes; or as a list of MessagePack's numbers, of which large ones have a mark.
        for form in (start, b"\xcc" + start[:2]):
            data = data.replace(bytes((1, *python)) + form, bytes((1, *_HERE)) + form)
    return data
