"""Values at the border of a task, as the kind of frame that its annotations ask for."""

from typing import TYPE_CHECKING, Any

import polars as pl

from glacier.errors import GlacierError
from glacier.pipeline.annotations import FrameKind
from glacier.resources.translation import FAILURES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from glacier.pipeline.task import Task


def as_annotated(
    task: "Task[..., Any]", args: "Iterable[Any]", kwargs: "Mapping[str, Any]"
) -> tuple[list[Any], dict[str, Any]]:
    """Return a task's arguments, with Polars frames of the other kind converted.

    A lazy frame for a parameter that is annotated `pl.DataFrame` is computed; an eager one for
    `pl.LazyFrame` becomes lazy. Everything else is passed on as it is.

    Raises:
        GlacierError: A lazy frame can't be computed.
    """
    kinds = task.frame_kinds
    return (
        [_converted(value, kinds.get(index), index) for index, value in enumerate(args)],
        {name: _converted(value, kinds.get(name), name) for name, value in kwargs.items()},
    )


def _converted(value: Any, kind: FrameKind | None, where: str | int) -> Any:  # Any: any argument
    if kind is FrameKind.LAZY and isinstance(value, pl.DataFrame):
        return value.lazy()
    if kind is not FrameKind.EAGER or not isinstance(value, pl.LazyFrame):
        return value
    try:
        return value.collect(engine="streaming")
    except FAILURES as error:
        what = f"argument {where!r}" if isinstance(where, str) else f"argument {where + 1}"
        raise GlacierError(
            f"its {what}, which its annotation asks for as a DataFrame, can't be computed: "
            f"{type(error).__name__}: {error}"
        ) from error
