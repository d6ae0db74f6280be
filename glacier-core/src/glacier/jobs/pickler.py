"""The pickler of what travels: code by its name where it has one, frames by a ticket."""

import copyreg
import io
import pickle
import sys
from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import cloudpickle
import polars as pl

from glacier.config.local import LocalConfig
from glacier.jobs.imports import imports_of_code
from glacier.resources.bucket import Bucket

_MAIN = {"__main__", "__mp_main__"}


class TravelPickler(cloudpickle.Pickler):  # type: ignore[misc] # no types upstream
    """Pickles a value and notes what it needs where it is unpickled.

    Args:
        file: Where the pickle is written.
        ticket_for: Gives what is pickled in the place of a frame.

    Attributes:
        modules: The modules of what is pickled by its name, and those that code which is pickled
            by its value imports.
        functions: Those of them that hold functions which are pickled by their names.
        formats: The formats of all buckets.
    """

    def __init__(self, file: io.BytesIO, ticket_for: Callable[[Any], object]) -> None:
        super().__init__(file)
        self._ticket_for = ticket_for
        self.modules: set[str] = set()
        self.functions: set[str] = set()
        self.formats: set[str] = set()

    def persistent_id(self, obj: object) -> object:
        """Return the ticket of a frame; None for anything else."""
        return self._ticket_for(obj) if isinstance(obj, pl.LazyFrame | pl.DataFrame) else None

    def reducer_override(self, obj: Any) -> Any:  # Any: pickle's own protocol
        """Return how an object is pickled, and note what that needs."""
        if isinstance(obj, LocalConfig) and not Path(obj.base_path).is_absolute():
            # It is taken from the working directory when it is used: another one over there.
            absolute = {"base_path": Path(obj.base_path).absolute()}
            obj = obj.model_copy(update=absolute)
            return obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        if isinstance(obj, Bucket) and obj.format is not None:
            self.formats.add(obj.format)
        if isinstance(obj, ModuleType):
            self.modules.add(obj.__name__)
        reduced = super().reducer_override(obj)
        if reduced is NotImplemented and _is_wrapper(obj):
            reduced = self._reduce_wrapper(obj)
        elif reduced is NotImplemented:
            self._note_name(obj)
        elif isinstance(obj, FunctionType):
            self.modules |= imports_of_code(obj.__code__, obj.__globals__.get("__package__") or "")
        return reduced

    def _reduce_wrapper(self, obj: Any) -> Any:  # Any: as above
        """Return how an object is pickled that stands in the place of a function, as tasks do."""
        reduced = obj.__reduce_ex__(pickle.HIGHEST_PROTOCOL)
        if not isinstance(reduced, str):
            return reduced
        if _is_importable(obj, reduced):
            self.modules.add(obj.__module__)
            self.functions.add(obj.__module__)
            return reduced
        if hasattr(obj, "cache_parameters"):  # of functools.cache, which has no state to set
            return _cached, (obj.__wrapped__, obj.cache_parameters())
        return copyreg.__newobj__, (type(obj),), dict(vars(obj))  # type: ignore[attr-defined]

    def _note_name(self, obj: object) -> None:
        module = getattr(obj, "__module__", None)
        if isinstance(module, str):
            self.modules.add(module)
            if isinstance(obj, FunctionType):
                self.functions.add(module)


def _cached(function: Callable[..., Any], parameters: dict[str, Any]) -> Callable[..., Any]:
    """Return a function that remembers its results, with nothing to remember yet."""
    made: Callable[..., Any] = lru_cache(**parameters)(function)
    return made


def _is_wrapper(obj: object) -> bool:
    """Return whether an object has a function's own name, as `functools.update_wrapper` gives."""
    is_code = isinstance(obj, type | FunctionType | ModuleType)
    return not is_code and "__wrapped__" in getattr(obj, "__dict__", {})


def _is_importable(obj: object, name: str) -> bool:
    """Return whether another process finds the same object by its module and name."""
    module = getattr(obj, "__module__", None)
    if module in _MAIN or module not in sys.modules:
        return False
    try:
        return attrgetter(name)(sys.modules[module]) is obj
    except AttributeError:
        return False
