"""Running a task on every group of its frame by itself."""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from glacier.errors import DecorationError, PipelineError
from glacier.pipeline.annotations import Engine, FrameKind, frame_kinds

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import SchemaDict


class GroupedFunction:
    """A function that calls another one with every group of its frame.

    The frame is the argument annotated as one, else the first. It is computed and split by the
    values of `keys`, in the order in which they appear; null is a value too. What the calls
    return is put together, one below the other, as a lazy frame. A frame without rows has no
    group; the result has no rows then, and the columns that a call on the empty frame returns.

    Args:
        function: Takes one frame, as the kind that it is annotated with, and returns one.
        keys: The columns to split by; every group has them.
        engine: The task's engine.
        schema: The columns and types that the function returns, where they were declared.

    Raises:
        DecorationError: The function takes several frames, or Spark's own.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        keys: tuple[str, ...],
        engine: Engine,
        schema: "SchemaDict | None" = None,
    ) -> None:
        kinds = frame_kinds(function)
        if len(kinds) > 1:
            raise DecorationError(
                f"Task {function.__name__!r} takes several frames ({', '.join(kinds)}), and "
                "partition_by splits one. Join them before, or leave partition_by out."
            )
        if engine == "spark":
            raise DecorationError(
                f"Task {function.__name__!r} takes a frame of Spark, and partition_by hands out "
                "Polars frames, a group at a time. Take a pl.DataFrame or a pl.LazyFrame, or leave "
                "partition_by out and group by in Spark."
            )
        self.function = function
        self.keys = keys
        self.schema = schema
        self._name: str | None = next(iter(kinds), None)
        self._kind: FrameKind | None = next(iter(kinds.values()), None)
        if engine == "narwhals":
            self._kind = FrameKind.NARWHALS
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **kwargs: Any) -> "pl.LazyFrame":
        """Call the function with every group and return what it makes of all of them, lazily."""
        import polars as pl

        frame, call = self.bound(args, kwargs, (pl.LazyFrame, pl.DataFrame))
        rows = frame.collect(engine="streaming") if isinstance(frame, pl.LazyFrame) else frame
        groups = rows.partition_by(self.keys, maintain_order=True)
        if not groups:
            return self._without_rows(call, rows)
        results: Any = [call(group) for group in groups]  # Any: all of one kind or the other
        whole: pl.LazyFrame = pl.concat(results, how="vertical").lazy()
        self._check(whole.collect_schema())
        return whole

    def bound(
        self, args: Sequence[Any], kwargs: Mapping[str, Any], kinds: tuple[type, ...]
    ) -> tuple[Any, "PerGroup"]:
        """Return the frame that is to be split, and what is to be called with each group.

        Args:
            args: The task's positional arguments.
            kwargs: Its keyword arguments.
            kinds: What counts as a frame.

        Raises:
            PipelineError: None of the arguments is a frame.
        """
        name = self._name
        is_named = name is not None and name in kwargs
        frame = kwargs[str(name)] if is_named else self._first_frame(args, kinds)
        kind = self._kind
        if kind is None:
            kind = FrameKind.EAGER if type(frame).__name__ == "DataFrame" else FrameKind.LAZY
        call = PerGroup(
            self.function,
            kind,
            tuple(_GROUP if value is frame else value for value in args),
            {name: _GROUP if value is frame else value for name, value in kwargs.items()},
        )
        return frame, call

    def schema_for(self, call: "PerGroup", columns: "pl.Schema") -> "pl.Schema":
        """Return the columns and types of a call's result.

        Args:
            call: What is called with each group.
            columns: The columns and types of the groups.

        Raises:
            PipelineError: None were declared, and a call on an empty frame fails.
        """
        import polars as pl

        if self.schema is not None:
            return pl.Schema(self.schema)
        try:
            return call(pl.DataFrame(schema=columns)).lazy().collect_schema()
        except Exception as error:  # the user's function may raise anything
            raise PipelineError(
                f"Task {self.function.__name__!r} has partition_by, and which columns it returns "
                f"can't be found by running it on an empty frame: {type(error).__name__}: {error}. "
                "Declare them: @task(partition_by=..., schema={'column': pl.Int64, ...})."
            ) from error

    def _without_rows(self, call: "PerGroup", rows: "pl.DataFrame") -> "pl.LazyFrame":
        import polars as pl

        return pl.LazyFrame(schema=self.schema) if self.schema else call(rows).lazy().clear()

    def _check(self, found: "pl.Schema") -> None:
        import polars as pl

        if self.schema is not None and found != pl.Schema(self.schema):
            raise PipelineError(
                f"Task {self.function.__name__!r} declares schema={dict(self.schema)} and its "
                f"groups have {dict(found)}. Correct one of them."
            )

    def _first_frame(self, args: Sequence[Any], kinds: tuple[type, ...]) -> Any:  # Any: as above
        for value in args:
            if isinstance(value, kinds):
                return value
        raise PipelineError(
            f"Task {self.function.__name__!r} has partition_by and was given no frame to split; "
            "pass it one as its first argument, or by the name of an annotated parameter."
        )


class _Group:
    """Stands in a call's arguments for the group."""

    def __reduce__(self) -> str:
        return "_GROUP"  # there is one, which stays the same object wherever it travels


_GROUP = _Group()


@dataclass(frozen=True, slots=True)
class PerGroup:
    """One function with all arguments but the group, ready to travel to a worker.

    Attributes:
        function: The user's function.
        kind: The kind of frame as which it takes the group.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
    """

    function: Callable[..., Any]
    kind: FrameKind
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]

    @property
    def __name__(self) -> str:
        """The function's name, for errors."""
        return str(self.function.__name__)

    def __call__(self, group: "pl.DataFrame") -> "pl.DataFrame | pl.LazyFrame":
        """Return what the function makes of one group.

        Raises:
            PipelineError: It returns no frame.
        """
        given = _as_kind(group, self.kind)
        result = self.function(
            *(given if value is _GROUP else value for value in self.args),
            **{name: given if value is _GROUP else value for name, value in self.kwargs.items()},
        )
        return _as_polars(result, self.function)


def _as_kind(group: "pl.DataFrame", kind: FrameKind) -> object:
    if kind is FrameKind.EAGER:
        return group
    if kind is FrameKind.NARWHALS:
        import narwhals

        return narwhals.from_native(group.lazy())
    return group.lazy()


def _as_polars(
    result: Any,  # Any: checked here
    function: Callable[..., Any],
) -> "pl.DataFrame | pl.LazyFrame":
    import polars as pl

    native = result.to_native() if type(result).__module__.startswith("narwhals.") else result
    if not isinstance(native, pl.LazyFrame | pl.DataFrame):
        raise PipelineError(
            f"Task {function.__name__!r} has partition_by and returned {type(native).__name__} "
            "for a group; expected a frame, so that the groups can be put together."
        )
    return native
