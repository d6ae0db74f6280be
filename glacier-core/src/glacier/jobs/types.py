"""Which Spark type stands for which Polars type: one published table.

Frames cross to Spark as *wire* frames: a column that Spark lacks is cast to one that it has. What a
task on Spark sees is the natural wire. Groups of rows that only travel to Polars on the workers
take the full wire, which also has rules for types that would make no sense to a Spark task, and are
cast back there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from glacier.errors import PackageError

if TYPE_CHECKING:
    from polars._typing import PolarsDataType


@dataclass(frozen=True, slots=True)
class TypeRule:
    """How one Polars type crosses.

    Attributes:
        wire: The Polars type that takes its place; itself where Spark has it.
        spark: Spark's name of that type.
        is_natural: Whether a Spark task may see it; else it has to be cast first.
        is_read_right: Whether Spark reads it from Polars' Parquet as that type.
        advice: What to cast it to where it is not natural.
    """

    wire: pl.DataType
    spark: str
    is_natural: bool = True
    is_read_right: bool = True
    advice: str = ""


SPARK_NAMES: dict[pl.DataType, str] = {
    pl.Int8(): "tinyint",
    pl.Int16(): "smallint",
    pl.Int32(): "int",
    pl.Int64(): "bigint",
    pl.Float32(): "float",
    pl.Float64(): "double",
    pl.Boolean(): "boolean",
    pl.String(): "string",
    pl.Binary(): "binary",
    pl.Date(): "date",
    pl.Datetime("us"): "timestamp_ntz",
    pl.Datetime("us", "UTC"): "timestamp",
}
_CASTS: dict[type[pl.DataType], TypeRule] = {
    pl.UInt8: TypeRule(pl.Int16(), "smallint"),
    pl.UInt16: TypeRule(pl.Int32(), "int"),
    pl.UInt32: TypeRule(pl.Int64(), "bigint"),
    pl.UInt64: TypeRule(pl.Decimal(20, 0), "decimal(20,0)"),
    pl.Int128: TypeRule(pl.Decimal(38, 0), "decimal(38,0)", is_read_right=False),
    pl.Float16: TypeRule(pl.Float32(), "float", is_read_right=False),
    pl.Categorical: TypeRule(pl.String(), "string"),
    pl.Enum: TypeRule(pl.String(), "string"),
    pl.Null: TypeRule(pl.Int32(), "int"),
    pl.Time: TypeRule(
        pl.Int64(), "bigint", is_natural=False, advice="cast it to Int64 (nanoseconds) or String"
    ),
    pl.Duration: TypeRule(
        pl.Int64(), "bigint", is_natural=False, advice="take .dt.total_microseconds() of it"
    ),
}
_NANOSECONDS = TypeRule(
    pl.Int64(), "bigint", is_natural=False, advice='cast it to Datetime("us"), or to Int64'
)
_NO_RULES: Mapping[str, str] = {
    "Object": "turn it into columns of ordinary types",
    "UInt128": "cast it to Decimal(38, 0) or to String",
    "Unknown": "cast it to the type that it should have",
}


def rule_of(dtype: pl.DataType) -> TypeRule | None:
    """Return the rule of a type that holds no other types; None where there is none."""
    if isinstance(dtype, pl.Datetime):
        if dtype.time_unit == "ns":
            return _NANOSECONDS
        wire = pl.Datetime("us", None if dtype.time_zone is None else "UTC")
        return TypeRule(wire, SPARK_NAMES[wire])
    if isinstance(dtype, pl.Decimal):
        return TypeRule(dtype, f"decimal({dtype.precision},{dtype.scale})")
    if dtype in SPARK_NAMES:
        return TypeRule(dtype, SPARK_NAMES[dtype])
    return _CASTS.get(type(dtype))


def to_wire(schema: pl.Schema, *, natural: bool) -> pl.Schema:
    """Return the schema in which a frame crosses to Spark.

    Args:
        schema: The frame's own.
        natural: Whether a Spark task will see it; else it only travels to Polars on the workers.

    Raises:
        PackageError: A column has a type with no rule, or there is no column.
    """
    if not schema:
        raise PackageError(
            "A frame without columns can't go to Spark, which has no such frames. Give it one."
        )
    return pl.Schema(
        {name: _wire(dtype, name, dtype, natural=natural) for name, dtype in schema.items()}
    )


def is_read_right(schema: pl.Schema) -> bool:
    """Return whether Spark reads Polars' Parquet of this schema as the natural wire has it."""
    return all(_is_read_right(dtype) for dtype in schema.dtypes())


def wire_frame(frame: pl.LazyFrame, wire: pl.Schema) -> pl.LazyFrame:
    """Return a frame as it crosses: cast to what `to_wire` has returned for it."""
    return restored(frame, wire)


def can_be_restored(frame: pl.LazyFrame, schema: pl.Schema, *, is_declared: bool) -> bool:
    """Return whether a frame from Spark can be given a schema's types without losing anything.

    It has the columns, and no cast would cut off what a value has: a value that does not fit is
    an error of the cast then.

    Args:
        frame: What Spark's workers have written.
        schema: The types that are wanted.
        is_declared: Whether a user says so. Else they are those of the very same query on
            Polars, whose whole numbers may be floats in Spark, as powers are.
    """
    found = frame.collect_schema()
    return found.names() == schema.names() and not any(
        _cuts_off(found[name], schema[name], is_declared=is_declared) for name in found
    )


def _cuts_off(found: pl.DataType, wanted: pl.DataType, *, is_declared: bool) -> bool:
    """Return whether a cast drops digits, or a part of a point in time, without a word."""
    if found.is_float():
        return not (wanted.is_float() or (wanted.is_integer() and not is_declared))
    if isinstance(found, pl.Decimal):
        if isinstance(wanted, pl.Decimal):
            return wanted.scale < found.scale
        return found.scale > 0 or not wanted.is_integer()
    return isinstance(found, pl.Datetime) and isinstance(wanted, pl.Date | pl.Time)


def restored(frame: pl.LazyFrame, schema: pl.Schema) -> pl.LazyFrame:
    """Return a frame that has crossed with the types that it had before, to the last detail.

    Args:
        frame: Of the same columns as `schema`.
        schema: The types to cast to; a value that does not fit is Polars' error.
    """
    known = frame.collect_schema()
    # By position, since a name such as `^.*$` would be a pattern.
    changed = [
        pl.nth(index).cast(schema[name])
        for index, (name, dtype) in enumerate(known.items())
        if schema[name] != dtype
    ]
    return frame.with_columns(changed) if changed else frame


def _wire(dtype: pl.DataType, column: str, whole: pl.DataType, *, natural: bool) -> pl.DataType:
    if isinstance(dtype, pl.List | pl.Array):
        return pl.List(_wire(instance(dtype.inner), column, whole, natural=natural))
    if isinstance(dtype, pl.Map):
        key, value = (
            _wire(instance(inner), column, whole, natural=natural)
            for inner in (dtype.key, dtype.value)
        )
        return pl.Map(key, value)
    if isinstance(dtype, pl.Struct) and dtype.fields:
        return pl.Struct(
            {
                field.name: _wire(instance(field.dtype), column, whole, natural=natural)
                for field in dtype.fields
            }
        )
    rule = rule_of(dtype)
    # Polars has no cast that turns the inner values of a list or struct back into Null.
    is_lost = isinstance(dtype, pl.Null) and dtype is not whole
    if rule is None or is_lost or (natural and not rule.is_natural):
        raise _no_rule(dtype, column, whole, rule)
    return rule.wire


def _no_rule(
    dtype: pl.DataType, column: str, whole: pl.DataType, rule: TypeRule | None
) -> PackageError:
    advice = (rule.advice if rule else _NO_RULES.get(type(dtype).__name__)) or (
        "give its values a type" if isinstance(dtype, pl.Null) else "cast it to another type"
    )
    inside = "" if dtype == whole else f", which holds {dtype}"
    return PackageError(
        f"The column {column!r} is {whole}{inside}: that has no counterpart in Spark. Before the "
        f"frame goes there, {advice}.",
        column=column,
        dtype=whole,
    )


def _is_read_right(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.List | pl.Array):
        return _is_read_right(instance(dtype.inner))
    if isinstance(dtype, pl.Map):
        return _is_read_right(instance(dtype.key)) and _is_read_right(instance(dtype.value))
    if isinstance(dtype, pl.Struct):
        return all(_is_read_right(instance(field.dtype)) for field in dtype.fields)
    rule = rule_of(dtype)
    return rule is not None and rule.is_natural and rule.is_read_right


def instance(dtype: "PolarsDataType") -> pl.DataType:
    """Return a type that a list or a struct holds as an instance."""
    return dtype() if isinstance(dtype, type) else dtype
