"""What Spark's workers do with each group of a frame's rows."""

import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import polars as pl

from glacier.errors import PackageError, PipelineError
from glacier.jobs.sorted_groups import groups_of
from glacier.jobs.types import restored, to_wire, wire_frame
from glacier.jobs.wire_schemas import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_CHARACTERS_OF_KEYS = 300
_ROWS_PER_BATCH = 100_000
"""Small enough that no column of a batch has more than the 2 GiB of text that Arrow can count."""


@dataclass(frozen=True)
class GroupCall:
    """Calls a function with each group, as the Polars frame that it was, and checks its answers.

    Columns cross as `c0`, `c1`, ..., since Spark takes some names for more than names.

    Attributes:
        name: What the function is called in errors.
        pickled: The function, by cloudpickle.
        schema: The frame's columns and types, before they were made ready for Spark.
        keys: The columns that the groups share.
        result: The columns and types that every answer has to have.
        eager: Whether the function takes a DataFrame, and not a LazyFrame.
    """

    name: str
    pickled: bytes = field(repr=False)
    schema: pl.Schema
    keys: tuple[str, ...]
    result: pl.Schema
    eager: bool

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        schema: pl.Schema,
        keys: tuple[str, ...],
        result: pl.Schema,
        *,
        eager: bool,
    ) -> "GroupCall":
        """Return the call of a function, pickled.

        Raises:
            PackageError: It can't be pickled.
        """
        import cloudpickle

        name = getattr(function, "__name__", type(function).__name__)
        try:
            pickled = cloudpickle.dumps(function)
        except Exception as error:  # objects raise what they like when they are pickled
            raise PackageError(
                f"The function {name!r} can't travel to Spark's workers: {error}. Make what it "
                "uses inside it, or pass it as plain values."
            ) from error
        return cls(name, pickled, schema, keys, result, eager)

    def __call__(self, batches: "Iterable[pa.RecordBatch]") -> "Iterator[pa.RecordBatch]":
        """Yield the function's answers for the groups of rows that are sorted by their keys."""
        names = dict(zip(self.schema, positional(self.schema), strict=True))
        rows = (cast("pl.DataFrame", pl.from_arrow(batch)) for batch in batches)
        for group in groups_of(rows, [names[key] for key in self.keys]):
            answer = self.answer(self._restored(group))
            wire = wire_frame(answer.lazy(), self._wire).collect()
            for part in wire.iter_slices(_ROWS_PER_BATCH):
                yield from self._arrow(part).to_batches()

    def answer(self, group: pl.DataFrame) -> pl.DataFrame:
        """Return the function's answer for a group.

        Raises:
            PipelineError: It is no frame, or its columns are not those of `result`.
        """
        keys = self._keys_of(group)
        try:
            answer = self._function(group if self.eager else group.lazy())
            rows = answer.collect() if isinstance(answer, pl.LazyFrame) else answer
        except Exception as error:
            error.add_note(f"It was raised by {self.name!r} for {keys}.")
            raise
        if not isinstance(rows, pl.DataFrame):
            raise PipelineError(
                f"Task {self.name!r} returned {type(rows).__name__} for {keys}; expected a frame, "
                "so that the groups can be put together."
            )
        self._check(rows.schema, keys)
        return rows

    def _arrow(self, rows: pl.DataFrame) -> "pa.Table":
        # Spark refuses the large and the view types that Polars prefers.
        arrow = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        return arrow.rename_columns(self._expected.names).cast(self._expected)

    @cached_property
    def _function(self) -> Any:  # Any: from a frame to a frame
        import cloudpickle

        return cloudpickle.loads(self.pickled)

    @cached_property
    def _wire(self) -> pl.Schema:
        return to_wire(self.result, natural=False)

    @cached_property
    def _expected(self) -> "pa.Schema":
        return arrow_schema(positional(self._wire))

    def _restored(self, group: pl.DataFrame) -> pl.DataFrame:
        group = _in_order(group)
        columns = list(positional(self.schema))
        named = group.select(columns).rename(dict(zip(columns, self.schema, strict=True)))
        return restored(named.lazy(), self.schema).collect()

    def _keys_of(self, group: pl.DataFrame) -> str:
        if group.is_empty():
            return "a frame without rows"
        first = group.row(0, named=True)
        text = ", ".join(f"{name}={first[name]!r}" for name in self.keys)
        return f"the group {textwrap.shorten(text, _MOST_CHARACTERS_OF_KEYS)}"

    def _check(self, found: pl.Schema, keys: str) -> None:
        if list(found.items()) == list(self.result.items()):
            return
        differences = [
            f"{name!r}: expected {self.result.get(name, 'no such column')}, "
            f"found {found.get(name, 'no such column')}"
            for name in {**self.result, **found}
            if self.result.get(name) != found.get(name)
        ] or [f"expected the order {', '.join(self.result)}, found {', '.join(found)}"]
        raise PipelineError(
            f"Task {self.name!r} returned other columns for {keys} than its schema has "
            f"({'; '.join(differences)}). The schema is schema= of the task, else what the task "
            "returns for a frame without rows. Cast the columns, so that every group has these."
        )


FILE_COLUMN, ROW_COLUMN = ORDER = ("file", "row")
"""Columns that travel with the rows to say in which order they were."""


def _in_order(group: pl.DataFrame) -> pl.DataFrame:
    """Return rows in the order that they had, without the columns that say it."""
    order = [name for name in ORDER if name in group.columns]
    if FILE_COLUMN in order:
        # Spark percent-encodes paths, which changes their order: ` ` is before `!`, `%20` is not.
        files = group[FILE_COLUMN].unique()
        paths = [unquote(file) for file in files]
        group = group.with_columns(pl.col(FILE_COLUMN).replace_strict(files, paths))
    return group.sort(order).drop(order) if order else group


def positional(schema: pl.Schema) -> pl.Schema:
    """Return a schema with its columns called `c0`, `c1`, ..."""
    return pl.Schema({f"c{index}": dtype for index, dtype in enumerate(schema.dtypes())})
