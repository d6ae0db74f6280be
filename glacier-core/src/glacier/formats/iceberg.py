"""Apache Iceberg tables."""

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

import polars as pl
from polars import selectors as cs

from glacier.errors import (
    ConfigError,
    MissingPackageError,
    ObjectExistsError,
    ObjectNotFoundError,
    WriteError,
)
from glacier.formats.base import TableFormat
from glacier.formats.columns import (
    check_fit,
    check_partition_columns,
    check_types,
    without_unsigned,
)
from glacier.formats.table_access import table_options
from glacier.storage import Location, WriteMode, WriteRequest

if find_spec("pyiceberg") is None or find_spec("pyarrow") is None:
    raise MissingPackageError(
        "The format iceberg needs packages that are not installed. Run: pip install "
        '"glacier-core[iceberg]"',
        extra="iceberg",
    )

from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NoSuchTableError,
    ValidationException,
)

from glacier.formats.iceberg_metadata import (
    TABLE_NAME,
    StoreCatalog,
    metadata_files,
    newest_metadata,
)

if TYPE_CHECKING:
    from polars._typing import SchemaDict
    from pyiceberg.table import Table

if find_spec("polars_iceberg") is None:
    # Without this Polars warns at every scan that it plans with pyiceberg, as it has to.
    os.environ.setdefault("POLARS_ICEBERG_PLANNER", "pyiceberg")


class IcebergFormat(TableFormat):
    """Iceberg: Parquet files under versioned metadata, whose every version is one commit.

    By default a table is what lies at the bucket's path, with the metadata of a file-system
    table (`metadata/v1.metadata.json`). `catalog=` (a pyiceberg catalog) and `table=`
    (`"namespace.name"`), given to `scan` and `write`, reach a table through its catalog instead.
    """

    name = "iceberg"

    def scan(
        self, location: Location, schema: "SchemaDict | None", options: Mapping[str, Any]
    ) -> pl.LazyFrame:
        """Return a lazy frame over the newest snapshot, or over `snapshot_id=`.

        The metadata is read at once, the rows when the frame is collected. A declared schema is
        compared with the table's when the frame is resolved.

        Raises:
            ObjectNotFoundError: No table is there.
        """
        catalog, table, rest = _split(options)
        if catalog is not None:
            frame = pl.scan_iceberg(table, catalog=catalog, **rest)
        else:
            found = _loaded(location)
            frame = pl.scan_iceberg(
                found, **{"storage_options": table_options(location, self.name), **rest}
            )
        return frame if schema is None else frame.match_to_schema(schema)

    def exists(self, location: Location) -> bool:
        """Return whether an Iceberg table's metadata is there."""
        return newest_metadata(location) is not None

    def publish(
        self, rows: pl.LazyFrame, location: Location, mode: WriteMode, request: WriteRequest
    ) -> None:
        """Add or replace the table's rows in one commit.

        Integers, categories and times that Iceberg lacks are widened to the next type that
        loses nothing (`UInt32` to a 64-bit integer). Partitions are by the columns' values.

        Raises:
            ObjectExistsError: `mode` is `error` or `ignore` and the table exists.
            SchemaMismatchError: The rows do not fit the table's columns.
            WriteError: Another writer committed first, or Iceberg can't hold the rows.
        """
        catalog, name, rest = _split(request.options)
        check_partition_columns(rows, request.partition_by)
        check_types(rows, "Iceberg", location)
        rows = _widened(rows)
        tables = StoreCatalog(location) if catalog is None else catalog
        exists = tables.table_exists(name)
        if exists and mode in {"error", "ignore"}:
            raise ObjectExistsError(
                f"{location.uri} already is an Iceberg table, and mode='error' refuses to replace "
                "it. Use mode='overwrite', 'append' or 'ignore'.",
                uri=location.uri,
            )
        if exists:
            table = tables.load_table(name)
            _check_table(table, rows, request, location)
        else:
            table = _create(tables, name, rows, request.partition_by)
        with _translated(location), warnings.catch_warnings():
            # That a table to be replaced has no rows is nothing to warn of.
            warnings.filterwarnings("ignore", "Delete operation did not match any records")
            defaults = _sink_options(table, rows, request) if exists else {"mode": "append"}
            options = dict(table_options(location, self.name)) if catalog is None else {}
            rows.sink_iceberg(table, **{"storage_options": options, **defaults, **rest})


def _loaded(location: Location) -> "Table":
    """Return the table that lies at a location.

    Raises:
        ObjectNotFoundError: None does.
    """
    try:
        metadata_files(location)
        return StoreCatalog(location).load_table(TABLE_NAME)
    except (FileNotFoundError, NoSuchTableError) as error:
        raise ObjectNotFoundError(
            f"No Iceberg table is at {location.uri}. Check the bucket's name and path, write it "
            "first, or pass catalog= and table=.",
            uri=location.uri,
        ) from error


@contextmanager
def _translated(location: Location) -> Iterator[None]:
    """Turn the errors of a commit into Glacier's."""
    try:
        yield
    except (CommitFailedException, CommitStateUnknownException, ValidationException) as error:
        raise _conflict(location, error) from error
    except (ValueError, TypeError, pl.exceptions.PolarsError) as error:
        if "UUID does not match" in str(error):  # both created the table
            raise _conflict(location, error) from error
        raise WriteError(
            f"Writing the Iceberg table {location.uri} failed and left it as it was: {error}",
            uri=location.uri,
        ) from error


def _conflict(location: Location, error: Exception) -> WriteError:
    return WriteError(
        f"Another writer changed the Iceberg table {location.uri} meanwhile, and this write was "
        f"given up; the table is as the other left it. Write again. ({error})",
        uri=location.uri,
    )


def _widened(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Return rows in the types that Iceberg has, where that loses nothing."""
    return without_unsigned(rows).cast(
        {
            cs.by_dtype(pl.Int8, pl.Int16): pl.Int32,
            cs.by_dtype(pl.Float16): pl.Float32,
            cs.datetime("ms", time_zone=None): pl.Datetime("us"),
            cs.datetime("ms", time_zone="*"): pl.Datetime("us", "UTC"),
        }
    )


def _split(options: Mapping[str, Any]) -> tuple[Any, str, dict[str, Any]]:  # Any: a catalog
    """Return the catalog, the table's name in it, and all other options."""
    rest = dict(options)
    catalog, table = rest.pop("catalog", None), rest.pop("table", None)
    if (catalog is None) != (table is None):
        raise ConfigError(
            "An Iceberg table in a catalog needs both options: catalog= (a pyiceberg catalog) "
            'and table= ("namespace.name").'
        )
    return catalog, TABLE_NAME if table is None else str(table), rest


def _create(tables: Any, name: str, rows: pl.LazyFrame, partition_by: tuple[str, ...]) -> "Table":
    """Return a new table for rows; in a `StoreCatalog` it appears with its first commit."""
    schema = rows.collect_schema().to_arrow()
    if not isinstance(tables, StoreCatalog):
        if partition_by:
            raise WriteError(
                f"The table {name!r} is not in its catalog, and partition_by can't create it "
                "there. Create it in the catalog with its partitions first."
            )
        return cast("Table", tables.create_table(name, schema=schema))
    return tables.create_partitioned(schema, partition_by)


def _check_table(
    table: "Table", rows: pl.LazyFrame, request: WriteRequest, location: Location
) -> None:
    """Raise an error if a table can't take rows as they are requested to be written."""
    wanted = request.partition_by
    actual = tuple(
        f"{field.transform}({table.schema().find_column_name(field.source_id)})"
        for field in table.spec().fields
    )
    if wanted and actual != tuple(f"identity({column})" for column in wanted):
        raise WriteError(
            f"The Iceberg table {location.uri} is partitioned by {', '.join(actual) or 'nothing'}, "
            f"not by {', '.join(wanted)}. Leave partition_by out, or write to a new path.",
            uri=location.uri,
        )
    keeps_columns = request.mode == "append" or bool(actual)
    if keeps_columns and "schema_mode" not in request.options:
        check_fit(rows, pl.scan_iceberg(table).collect_schema(), location)


def _sink_options(table: "Table", rows: pl.LazyFrame, request: WriteRequest) -> dict[str, Any]:
    if request.mode != "overwrite":
        return {"mode": "append"}
    # Polars replaces the columns of an unpartitioned table only, and after a conflict it can't
    # try again to replace columns by the same ones.
    is_same = pl.scan_iceberg(table).collect_schema() == rows.collect_schema()
    if is_same or not table.spec().is_unpartitioned():
        return {"mode": "overwrite"}
    return {"mode": "overwrite", "schema_mode": "overwrite"}
