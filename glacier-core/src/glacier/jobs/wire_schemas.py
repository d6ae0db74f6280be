"""The schemas of wire frames, as Spark and as Arrow write them down."""

from typing import TYPE_CHECKING

import polars as pl

from glacier.jobs.types import SPARK_NAMES, instance

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from pyspark.sql.types import DataType, StructType


def spark_schema(wire: pl.Schema) -> "StructType":
    """Return Spark's schema of a wire frame."""
    from pyspark.sql import types

    return types.StructType(
        [types.StructField(name, _spark_type(dtype)) for name, dtype in wire.items()]
    )


def arrow_schema(wire: pl.Schema) -> "pa.Schema":
    """Return the Arrow schema that Spark expects of a wire frame: no large and no view types."""
    import pyarrow as pa

    return pa.schema([(name, _arrow_type(dtype)) for name, dtype in wire.items()])


def _spark_type(dtype: pl.DataType) -> "DataType":
    from pyspark.sql import types

    if isinstance(dtype, pl.List):
        return types.ArrayType(_spark_type(instance(dtype.inner)))
    if isinstance(dtype, pl.Map):
        return types.MapType(_spark_type(instance(dtype.key)), _spark_type(instance(dtype.value)))
    if isinstance(dtype, pl.Struct):
        return types.StructType(
            [
                types.StructField(field.name, _spark_type(instance(field.dtype)))
                for field in dtype.fields
            ]
        )
    if isinstance(dtype, pl.Decimal):
        return types.DecimalType(dtype.precision, dtype.scale)
    by_name: dict[str, Callable[[], DataType]] = {
        "tinyint": types.ByteType,
        "smallint": types.ShortType,
        "int": types.IntegerType,
        "bigint": types.LongType,
        "float": types.FloatType,
        "double": types.DoubleType,
        "boolean": types.BooleanType,
        "string": types.StringType,
        "binary": types.BinaryType,
        "date": types.DateType,
        "timestamp_ntz": types.TimestampNTZType,
        "timestamp": types.TimestampType,
    }
    return by_name[SPARK_NAMES[dtype]]()


def _arrow_type(dtype: pl.DataType) -> "pa.DataType":
    import pyarrow as pa

    if isinstance(dtype, pl.List):
        return pa.list_(pa.field("element", _arrow_type(instance(dtype.inner))))
    if isinstance(dtype, pl.Map):
        return pa.map_(_arrow_type(instance(dtype.key)), _arrow_type(instance(dtype.value)))
    if isinstance(dtype, pl.Struct):
        return pa.struct(
            [pa.field(field.name, _arrow_type(instance(field.dtype))) for field in dtype.fields]
        )
    if isinstance(dtype, pl.Decimal):
        return pa.decimal128(dtype.precision, dtype.scale)
    if isinstance(dtype, pl.Datetime):
        return pa.timestamp("us", tz=dtype.time_zone)
    by_type = {
        pl.Float32: pa.float32,
        pl.Float64: pa.float64,
        pl.Boolean: pa.bool_,
        pl.String: pa.string,
        pl.Binary: pa.binary,
        pl.Date: pa.date32,
        pl.Int8: pa.int8,
        pl.Int16: pa.int16,
        pl.Int32: pa.int32,
        pl.Int64: pa.int64,
    }
    return by_type[type(dtype)]()
