"""Running a task on every group of its frame by itself."""

import functools
from collections.abc import Callable
from typing import Any

from glacier.errors import DecorationError, PipelineError
from glacier.pipeline.annotations import FrameKind, frame_kinds


def by_group(function: Callable[..., Any], keys: tuple[str, ...]) -> Callable[..., Any]:
    """Return a function that calls another one with every group of its frame.

    The frame is the argument annotated as one, else the first. It is computed and split by the
    values of `keys`, in the order in which they appear; null is a value too. What the calls
    return is put together, one below the other. A frame without rows is one group.

    Args:
        function: Takes one frame, as the kind that it is annotated with, and returns one.
        keys: The columns to split by; every group has them.

    Raises:
        DecorationError: The function takes several frames.
    """
    kinds = frame_kinds(function)
    if len(kinds) > 1:
        raise DecorationError(
            f"Task {function.__name__!r} takes several frames ({', '.join(kinds)}), and "
            "partition_by splits one. Join them before, or leave partition_by out."
        )
    name, kind = next(iter(kinds.items()), (None, None))

    @functools.wraps(function)
    def grouped(*args: Any, **kwargs: Any) -> Any:  # Any: a frame of the kind that it returns
        import polars as pl

        frame = kwargs[name] if name in kwargs else _first_frame(function, args)
        rows = frame.collect(engine="streaming") if isinstance(frame, pl.LazyFrame) else frame
        is_lazy = kind is FrameKind.LAZY or (kind is None and isinstance(frame, pl.LazyFrame))
        groups = rows.partition_by(keys, maintain_order=True) or [rows]
        results = [
            _call(function, args, kwargs, frame, group.lazy() if is_lazy else group)
            for group in groups
        ]
        return pl.concat(results, how="vertical")

    return grouped


def _first_frame(function: Callable[..., Any], args: tuple[Any, ...]) -> Any:  # Any: of either kind
    import polars as pl

    for value in args:
        if isinstance(value, pl.LazyFrame | pl.DataFrame):
            return value
    raise PipelineError(
        f"Task {function.__name__!r} has partition_by and was given no frame to split; pass it "
        "one as its first argument, or by the name of an annotated parameter."
    )


def _call(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    whole: object,
    group: object,
) -> Any:  # Any: checked to be a frame
    import polars as pl

    result = function(
        *(group if value is whole else value for value in args),
        **{name: group if value is whole else value for name, value in kwargs.items()},
    )
    if not isinstance(result, pl.LazyFrame | pl.DataFrame):
        raise PipelineError(
            f"Task {function.__name__!r} has partition_by and returned {type(result).__name__} "
            "for a group; expected a frame, so that the groups can be put together."
        )
    return result
