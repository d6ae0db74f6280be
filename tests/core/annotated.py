"""Functions that ask for one frame in every way that annotations have, and do the same with it."""

from typing import TYPE_CHECKING, Any, Optional

import narwhals
import polars as pl

if TYPE_CHECKING:
    import narwhals.stable.v2 as stable
    from narwhals import LazyFrame as Wide

ROWS = pl.DataFrame({"key": ["a", "b", "a", None], "n": [1, 2, 3, 4]})
EXPECTED = pl.DataFrame({"key": ["a", "a", "b"], "n": [2, 6, 4]})


def lazy(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Take a lazy frame of Polars."""
    assert type(frame) is pl.LazyFrame
    return frame.filter(pl.col("key").is_not_null()).with_columns(pl.col("n") * 2)


def eager(frame: pl.DataFrame) -> pl.DataFrame:
    """Take an eager frame of Polars."""
    assert type(frame) is pl.DataFrame
    return lazy(frame.lazy()).collect()


def real(frame: narwhals.LazyFrame[Any]) -> narwhals.LazyFrame[Any]:
    """Take a frame of Narwhals, by an annotation that is the class."""
    assert isinstance(frame, narwhals.LazyFrame)
    return frame.filter(~narwhals.col("key").is_null()).with_columns(narwhals.col("n") * 2)


def text(frame: "Wide[Any]") -> "Wide[Any]":
    """Take a frame of Narwhals, by a name that only type checkers import."""
    return real(frame)


def dotted(frame: "stable.LazyFrame[Any]") -> Any:
    """Take a frame of Narwhals, by a module that only type checkers import."""
    return real(frame)


def optional(number: int = 2, *, frame: Optional["Wide[Any]"] = None) -> Any:
    """Take a frame of Narwhals or None."""
    assert number == 2
    assert frame is not None
    return real(frame)


def union(frame: "Wide[Any] | None") -> Any:
    """Take a frame of Narwhals or None, in the newer notation."""
    assert frame is not None
    return real(frame)


def bare(frame: Any) -> Any:
    """Take whatever its decorator says."""
    return real(frame)


def group(frame: pl.DataFrame) -> pl.DataFrame:
    """Take the rows of one key."""
    assert frame["key"].n_unique() <= 1
    return eager(frame)


def wide_group(frame: "Wide[Any]") -> Any:
    """Take the rows of one key as a frame of Narwhals."""
    return real(frame)
