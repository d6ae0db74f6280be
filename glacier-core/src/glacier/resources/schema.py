"""The schema that a user declares on a bucket."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from glacier.errors import ConfigError

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import SchemaDict


def checked_schema(schema: "SchemaDict | pl.Schema | None") -> "SchemaDict | None":
    """Return a declared schema as a mapping of its own.

    Raises:
        ConfigError: It is no mapping, or holds what is no type to Polars.
    """
    if schema is None:
        return None
    if not isinstance(schema, Mapping):
        raise ConfigError(
            "schema= takes a mapping of column names to Polars types; got "
            f"{type(schema).__name__}. Write schema={{'city': pl.String}}, for example."
        )
    for column, dtype in schema.items():
        _check_column(column, dtype)
    return dict(schema)


def _check_column(column: object, dtype: object) -> None:
    import polars as pl

    if not isinstance(column, str):
        raise ConfigError(
            "schema= takes a mapping of column names to Polars types; one name is "
            f"{column!r}, which is no text."
        )
    try:
        pl.Schema([(column, dtype)])  # type: ignore[list-item]
    except TypeError as error:
        raise ConfigError(
            f"schema= has no Polars type for the column {column!r}: got {dtype!r}. Use one such "
            "as pl.Int64, pl.String or pl.List(pl.Int64)."
        ) from error
