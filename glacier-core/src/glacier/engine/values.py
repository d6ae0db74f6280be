"""Notices when code looks at the values of frames, not only at their columns and types.

On the empty frames of a check such code takes a path of its own: a pivot makes no columns,
a maximum is None. What fails after that says nothing about a real run.
"""

import inspect
import sys
from functools import cache
from types import CodeType, FrameType, TracebackType
from typing import Any, Self

import polars as pl

_VALUES_OF_FRAME = """
    pivot unstack transpose to_dummies partition_by item row rows rows_by_key iter_rows to_dict
    to_dicts to_numpy to_pandas to_arrow to_torch to_jax hash_rows is_empty height shape __len__
    n_unique is_duplicated is_unique __iter__ iter_slices fold
"""
_VALUES_OF_SERIES = """
    to_list to_numpy to_pandas to_arrow item first last max min sum mean median std var product
    quantile mode n_unique null_count has_nulls any all arg_max arg_min is_empty len __len__
    __iter__ __getitem__ __contains__ to_dummies value_counts unique_counts
"""


# Polars' own code, and Glacier's that splits a frame for a task.
_NOT_THE_BODY = ("polars.", "glacier.pipeline.")


class ValueWatch:
    """A context in which looks at values, made by code outside Polars, are noticed.

    Attributes:
        has_looked: Whether any was made.
    """

    def __init__(self) -> None:
        self.has_looked = False
        self._previous: Any = None  # Any: another profiler's function

    def __enter__(self) -> Self:
        self._previous = sys.getprofile()
        sys.setprofile(self._notice)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.setprofile(self._previous)

    def _notice(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and not self.has_looked and frame.f_code in _value_code():
            caller = frame.f_back
            while caller is not None and _is_decorator(caller):
                caller = caller.f_back
            self.has_looked = caller is None or not _module_of(caller).startswith(_NOT_THE_BODY)


def _is_decorator(frame: FrameType) -> bool:
    """Return whether this is one of Polars' decorators, between a method and its caller."""
    return frame.f_code.co_name == "wrapper" and _module_of(frame).startswith("polars._utils.")


def _module_of(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


@cache
def _value_code() -> frozenset[CodeType]:
    from polars.dataframe.group_by import GroupBy

    functions = [getattr(pl.DataFrame, name) for name in _VALUES_OF_FRAME.split()]
    functions += [getattr(pl.Series, name) for name in _VALUES_OF_SERIES.split()]
    functions.append(GroupBy.__iter__)
    plain = [f.fget if isinstance(f, property) else inspect.unwrap(f) for f in functions]
    return frozenset(f.__code__ for f in plain if inspect.isfunction(f))
