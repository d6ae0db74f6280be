"""What table formats ask of the columns that are written to them."""

from typing import TYPE_CHECKING

import polars as pl
from polars import selectors as cs

from glacier.errors import SchemaMismatchError, WriteError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from polars._typing import PolarsDataType

    from glacier.storage import Location

_LACKING = (pl.UInt64, pl.Int128, pl.UInt128, pl.Duration, pl.Time, pl.Null, pl.Object)


def without_unsigned(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return rows whose unsigned integers and categories have the next type that loses nothing.

    Tables have neither, and every `pl.len()` is unsigned.
    """
    return rows.cast(
        {
            cs.by_dtype(pl.UInt8): pl.Int16,
            cs.by_dtype(pl.UInt16): pl.Int32,
            cs.by_dtype(pl.UInt32): pl.Int64,
            cs.categorical() | cs.enum(): pl.String,
        }
    )


def check_partition_columns(rows: pl.LazyFrame, partition_by: tuple[str, ...]) -> None:
    """Raise `WriteError` if the rows lack a column by which they are to be partitioned."""
    columns = rows.collect_schema().names() if partition_by else []
    missing = [column for column in partition_by if column not in columns]
    if missing:
        raise WriteError(
            f"partition_by names {', '.join(missing)}, which the rows don't have; they have "
            f"{', '.join(columns)}."
        )


def check_types(rows: pl.LazyFrame, table_format: str, location: "Location") -> None:
    """Raise `WriteError` if a column has a type that tables lack, at any depth.

    Delta and Iceberg lack the same ones; without this they fail in ways of their own, or cut
    nanoseconds off.
    """
    columns = rows.collect_schema().items()
    lacking = [f"{name} ({dtype})" for name, dtype in columns if any(map(_is_lacking, _all(dtype)))]
    if lacking:
        raise WriteError(
            f"{table_format} has no type for {', '.join(lacking)}. Cast those columns, or leave "
            f"them out, to write {location.uri}.",
            uri=location.uri,
        )


def _is_lacking(dtype: "PolarsDataType") -> bool:
    return dtype in _LACKING or (isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns")


def _all(dtype: "PolarsDataType") -> "Iterator[PolarsDataType]":
    """Yield a type and all types inside it."""
    yield dtype
    if isinstance(dtype, pl.Struct):
        for field in dtype.fields:
            yield from _all(field.dtype)
    elif isinstance(dtype, pl.List | pl.Array):
        yield from _all(dtype.inner)


def check_fit(rows: pl.LazyFrame, table: pl.Schema, location: "Location") -> None:
    """Raise `SchemaMismatchError` if rows do not fit the columns of a table.

    The order of columns does not matter, nor do the units of datetimes; what is inside lists and
    structs is left to the format.
    """
    schema = rows.collect_schema()
    differences = [
        f"{name}: {table.get(name, 'nothing')} in the table, {schema.get(name, 'nothing')} here"
        for name in {**table, **schema}
        if not _fits(schema.get(name), table.get(name))
    ]
    if differences:
        raise SchemaMismatchError(
            f"The rows do not fit the table {location.uri} ({'; '.join(differences)}). Cast or "
            "select the columns, or write a new table.",
            uri=location.uri,
        )


def _fits(ours: pl.DataType | None, theirs: pl.DataType | None) -> bool:
    if ours is None or theirs is None:
        return False
    if isinstance(ours, pl.Datetime) and isinstance(theirs, pl.Datetime):
        return (ours.time_zone is None) == (theirs.time_zone is None)
    return ours == theirs or (ours.is_nested() and ours.base_type() == theirs.base_type())
