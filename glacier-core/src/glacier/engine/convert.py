"""Values at the border of a task, as the kind of frame that its annotations ask for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from glacier.engine.check_scope import refusing
from glacier.errors import GlacierError, PipelineError
from glacier.pipeline.annotations import FrameKind
from glacier.pipeline.containers import leaves, mapped
from glacier.pipeline.grouped import GroupedFunction
from glacier.resources.translation import FAILURES

if TYPE_CHECKING:
    from glacier.jobs.distributed import SparkFrames
    from glacier.pipeline.task import Task
    from glacier.resources import Bucket

_KIND_OF_ENGINE = {"narwhals": FrameKind.NARWHALS, "spark": FrameKind.SPARK}
_KIND_TO_SPLIT = {FrameKind.NARWHALS: FrameKind.EAGER}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call of a task that is ready to be carried out.

    Attributes:
        body: What to call.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        finish: Turns what it returns into what the run goes on with.
    """

    body: Callable[..., Any]
    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    finish: Callable[[Any], Any]


class Conversion:
    """Converts what tasks are given and what they return, for the engine at hand.

    Args:
        new_place: Returns a new dataset through which frames go to Spark and come back.
        is_distributed: Whether this process drives a Spark cluster, so that Narwhals tasks and
            groups run there. Else they run on Polars.
        code: The zip with the sources that Spark's workers need, or None.
    """

    def __init__(
        self,
        new_place: "Callable[[], Bucket]",
        *,
        is_distributed: bool = False,
        code: Path | None = None,
    ) -> None:
        self.is_distributed = is_distributed
        self._new_place = new_place
        self._code = code
        self._spark_frames: SparkFrames | None = None
        # With the frames themselves, so that no other object gets their ids.
        self._types: dict[int, tuple[object, pl.Schema, bool]] = {}
        self._scans: dict[int, tuple[object, pl.LazyFrame]] = {}
        self._written: list[pl.LazyFrame] = []

    def is_needed(self, task: "Task[..., Any]") -> bool:
        """Return whether any argument or result of a task may have to be converted."""
        return self.is_distributed or bool(task.frame_kinds) or task.engine != "polars"

    def prepared(
        self, task: "Task[..., Any]", args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> "Prepared":
        """Return a call of a task with frames of other kinds converted.

        A lazy frame for a parameter that is annotated `pl.DataFrame` is computed; an eager one for
        `pl.LazyFrame` becomes lazy. Frames for Narwhals and Spark are wrapped or handed over.
        Everything else is passed on as it is.

        Raises:
            GlacierError: A lazy frame can't be computed, or can't go to Spark.
        """
        if self.is_distributed and isinstance(task.body, GroupedFunction):
            body = partial(self._by_group, task.body)
            return Prepared(body, args, kwargs, lambda result: result)
        kinds, usual = task.frame_kinds, _KIND_OF_ENGINE.get(task.engine)
        if isinstance(task.body, GroupedFunction):  # which wraps each group, not the whole frame
            usual = None
            kinds = {one: _KIND_TO_SPLIT.get(kind, kind) for one, kind in kinds.items()}
        made = [self._argument(v, kinds.get(i, usual), i) for i, v in enumerate(args)]
        named = {n: self._argument(v, kinds.get(n, usual), n) for n, v in kwargs.items()}
        return Prepared(task.body, made, named, partial(self._result, task, args, kwargs))

    def as_polars(self, value: Any) -> Any:  # Any: a user's function's result
        """Return a value with Spark's frames as Polars' lazy ones."""
        return mapped(value, lambda leaf: self._to_polars(leaf) if is_spark_frame(leaf) else leaf)

    def is_from_workers(self, frame: pl.LazyFrame) -> bool:
        """Return whether a frame does no more than read what Spark's workers have written."""
        return any(frame is one for one in self._written)

    @property
    def _spark(self) -> "SparkFrames":
        if self._spark_frames is None:
            from glacier.jobs.distributed import SparkFrames

            self._spark_frames = SparkFrames(self._new_place, self._code)
        return self._spark_frames

    def _by_group(self, body: GroupedFunction, *args: Any, **kwargs: Any) -> pl.LazyFrame:
        """Have the workers of a cluster run a function, each on its groups."""
        frame, call = body.bound(args, kwargs, _frame_types())
        rows = self._to_polars(frame) if is_spark_frame(frame) else frame.lazy()
        with refusing(body.function.__name__):
            schema = body.schema_for(call, rows.collect_schema())
        spread, found = self._spark.by_group(rows, body.keys, call, schema, eager=True)
        scan = self._spark.to_polars(spread, found)
        self._written.append(scan)
        return scan

    def _result(
        self, task: "Task[..., Any]", args: Sequence[Any], kwargs: Mapping[str, Any], value: Any
    ) -> Any:  # Any: a user's function's result
        """Return a task's result with frames of other libraries as what the run goes on with.

        On a cluster Spark's frames stay Spark's; anywhere else all become Polars'.
        """
        if type(value) is pl.LazyFrame and task.schema is None:
            return value
        native = mapped(value, _native)
        spark_frames = [leaf for leaf in leaves(native) if is_spark_frame(leaf)]
        if spark_frames:
            schemas = self._schemas(task, args, kwargs)
            for leaf, schema in zip(spark_frames, schemas, strict=False):
                self._types[id(leaf)] = (leaf, schema, task.schema is not None)
            if task.schema is not None or not self.is_distributed:
                native = self.as_polars(native)
        for leaf in leaves(native) if task.schema is not None else ():
            if _is_polars(leaf):
                _check_declared(task, leaf)
        return native

    def _schemas(
        self, task: "Task[..., Any]", args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> list[pl.Schema]:
        """Return the columns and types that a task's frames have on Polars, as far as is known."""
        if task.schema is not None:
            return [pl.Schema(task.schema)]
        if task.engine != "narwhals":
            return []
        try:
            with refusing(task.name):
                empty = [self._empty(value) for value in args]
                named = {name: self._empty(value) for name, value in kwargs.items()}
                result = mapped(task.function(*empty, **named), _native)
            return [f.lazy().collect_schema() for f in leaves(result) if _is_polars(f)]
        except (*FAILURES, SystemExit):  # what it returns on real rows is known all the same
            return []

    def _empty(self, value: Any) -> Any:  # Any: any argument
        """Return an argument with empty frames of Polars in place of its frames."""

        def emptied(leaf: Any) -> Any:  # Any: as above
            if is_spark_frame(leaf):
                known = self._types.get(id(leaf))
                leaf = pl.LazyFrame(schema=known[1]) if known else self._to_polars(leaf)
            if not _is_polars(leaf):
                return leaf
            import narwhals

            return narwhals.from_native(pl.LazyFrame(schema=leaf.lazy().collect_schema()))

        return mapped(value, emptied)

    def _to_polars(self, frame: Any) -> pl.LazyFrame:  # Any: a frame of Spark
        """Return a scan of what the workers have written of a frame, once for all that need it."""
        if id(frame) not in self._scans:
            known = self._types.get(id(frame))
            _, schema, is_declared = known or (frame, None, False)
            scan = self._spark.to_polars(frame, schema, is_declared=is_declared)
            self._scans[id(frame)] = (frame, scan)
            self._written.append(scan)
        return self._scans[id(frame)][1]

    def _argument(self, value: Any, kind: FrameKind | None, where: str | int) -> Any:
        if kind is None and not self.is_distributed:
            return value
        try:
            return mapped(value, lambda leaf: self._converted(leaf, kind))
        except FAILURES as error:
            what = f"argument {where!r}" if isinstance(where, str) else f"argument {where + 1}"
            asked = "" if kind is None else f", which its annotation asks for as {_SHOWN[kind]},"
            raise GlacierError(
                f"its {what}{asked} can't be computed: {type(error).__name__}: {error}"
            ) from error

    def _converted(self, leaf: Any, kind: FrameKind | None) -> Any:  # Any: any argument
        leaf = _native(leaf)
        if is_spark_frame(leaf) and kind in {None, FrameKind.LAZY, FrameKind.EAGER}:
            leaf = self._to_polars(leaf)
        if kind is FrameKind.SPARK:
            return self._spark.to_spark(leaf) if _is_polars(leaf) else leaf
        if kind is FrameKind.NARWHALS:
            return self._as_narwhals(leaf)
        if kind is FrameKind.LAZY and isinstance(leaf, pl.DataFrame):
            return leaf.lazy()
        if kind is FrameKind.EAGER and isinstance(leaf, pl.LazyFrame):
            return leaf.collect(engine="streaming")
        return leaf

    def _as_narwhals(self, leaf: Any) -> Any:  # Any: as above
        if not _is_polars(leaf) and not is_spark_frame(leaf):
            return leaf
        import narwhals

        if is_spark_frame(leaf):
            return narwhals.from_native(leaf)
        here = leaf.lazy()
        return narwhals.from_native(self._spark.to_spark(here) if self.is_distributed else here)


_SHOWN = {
    FrameKind.LAZY: "a LazyFrame",
    FrameKind.EAGER: "a DataFrame",
    FrameKind.NARWHALS: "a LazyFrame of Narwhals",
    FrameKind.SPARK: "a DataFrame of Spark",
}


def _check_declared(task: "Task[..., Any]", frame: pl.LazyFrame | pl.DataFrame) -> None:
    found = frame.lazy().collect_schema()
    if task.schema is not None and found != pl.Schema(task.schema):
        raise PipelineError(
            f"Task {task.name!r} declares schema={dict(task.schema)} and returns {dict(found)}. "
            "Correct one of them."
        )


def is_spark_frame(value: object) -> bool:
    """Return whether a value is a frame of Spark, without importing Spark."""
    kind = type(value)
    return kind.__name__ == "DataFrame" and kind.__module__.startswith("pyspark.sql.")


def _native(leaf: Any) -> Any:  # Any: any object
    """Return the frame that a frame of Narwhals wraps; anything else as it is."""
    is_wrapped = type(leaf).__module__.startswith("narwhals.") and hasattr(leaf, "to_native")
    return leaf.to_native() if is_wrapped else leaf


def _is_polars(value: object) -> bool:
    return isinstance(value, pl.LazyFrame | pl.DataFrame)


def _frame_types() -> tuple[type, ...]:
    from glacier.jobs.spark_session import quiet

    with quiet():  # one thread at a time: two would meet in the middle of a circular import
        from pyspark.sql import DataFrame

    return (pl.LazyFrame, pl.DataFrame, DataFrame)
