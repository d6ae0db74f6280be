"""Delta Lake tables."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, unquote

import polars as pl

from glacier.errors import (
    MissingPackageError,
    ObjectExistsError,
    ObjectNotFoundError,
    PathError,
    WriteError,
)
from glacier.formats.base import TableFormat, access_options
from glacier.formats.columns import (
    check_fit,
    check_partition_columns,
    check_types,
    without_unsigned,
)
from glacier.formats.table_access import plain_options, table_options
from glacier.storage import Location, WriteMode, WriteRequest

try:
    import deltalake
    from deltalake.exceptions import CommitFailedError, DeltaError
except ImportError as error:
    raise MissingPackageError(
        "The format delta needs a package that is not installed. Run: pip install "
        '"glacier-core[delta]"',
        extra="delta",
    ) from error

if TYPE_CHECKING:
    from polars._typing import SchemaDict

_MODES: Mapping[WriteMode, Literal["error", "append", "overwrite"]] = {
    "overwrite": "overwrite",
    "append": "append",
    "error": "error",
    "ignore": "error",
}

# The object store below deltalake refuses these in a path, aborts on them, or decodes them.
_UNSAFE_IN_LOCAL_PATHS = re.compile(r"[\x00-\x1f\x7f\[\]^|\\]|%[0-9A-Fa-f]{2}")


class DeltaFormat(TableFormat):
    """Delta: Parquet files under a transaction log, whose every commit is atomic.

    `mode="overwrite"` replaces the rows, the columns and, where `partition_by` is given, the
    partitioning; older versions stay readable (`scan(version=...)`).
    """

    name = "delta"

    def scan(
        self, location: Location, schema: "SchemaDict | None", options: Mapping[str, Any]
    ) -> pl.LazyFrame:
        """Return a lazy frame over the newest version of the table, or over `version=`.

        The types are the log's; a declared schema is compared with them when the frame is
        resolved.

        Raises:
            ObjectNotFoundError: No table is there; with a schema, when the frame is resolved. Or
                the table has no such version.
        """
        source = _table_uri(location)
        if schema is None:
            _check_exists(location)
        merged = {**_access(location), **options}
        if schema is None:
            _check_version(location, options.get("version"))
        if _is_local(location) and quote(source) != source:
            table = _LocalTable(Path(source).as_uri(), version=merged.pop("version", None))
            frame = pl.scan_delta(table, **merged)
        else:
            frame = pl.scan_delta(source, **merged)
        return frame if schema is None else frame.match_to_schema(schema)

    def exists(self, location: Location) -> bool:
        """Return whether a Delta log is there."""
        try:
            return bool(_log_files(location))
        except FileNotFoundError:
            return False

    def publish(
        self, rows: pl.LazyFrame, location: Location, mode: WriteMode, request: WriteRequest
    ) -> None:
        """Add or replace the table's rows in one commit of its log.

        Raises:
            ObjectExistsError: `mode` is `error` or `ignore` and the table exists.
            SchemaMismatchError: Appended rows do not fit the table's columns.
            WriteError: Another writer changed the table meanwhile, or Delta can't hold the rows.
        """
        source = _table_uri(location)
        target = Path(source).as_uri() if _is_local(location) else source
        check_partition_columns(rows, request.partition_by)
        check_types(rows, "Delta", location)
        rows = without_unsigned(rows)
        exists = mode != "overwrite" and self.exists(location)
        if exists and mode != "append":
            raise _exists(location)
        options = {**_access(location), **request.options}
        options["delta_write_options"] = _write_options(mode, request)
        if exists and "schema_mode" not in options["delta_write_options"]:
            check_fit(rows, self.scan(location, None, {}).collect_schema(), location)
        try:
            rows.sink_delta(target, mode=_MODES[mode], **options)
        except CommitFailedError as error:
            raise WriteError(
                f"Another writer changed the Delta table {location.uri} meanwhile, and this write "
                f"was given up; the table is as the other left it. Write again. ({error})",
                uri=location.uri,
            ) from error
        except DeltaError as error:
            if mode in {"error", "ignore"} and self.exists(location):
                raise _exists(location) from error
            raise WriteError(
                f"Writing the Delta table {location.uri} failed and left it as it was: {error}",
                uri=location.uri,
            ) from error


class _LocalTable(deltalake.DeltaTable):
    """A table on disk whose files are named as the disk names them.

    deltalake gives URIs in which the table's own directory is percent-encoded, and Polars takes
    them for plain paths, so that it finds no file under a directory with a space in its name.
    """

    def file_uris(self, *args: Any, **kwargs: Any) -> list[str]:  # Any: the parent's signature
        """Return the paths of the table's data files."""
        root = self.table_uri.removeprefix("file://")
        return [unquote(root) + uri[len(root) :] for uri in super().file_uris(*args, **kwargs)]


def _access(location: Location) -> dict[str, Any]:  # Any: values of options
    """Return the options by which Polars, and through it deltalake, reach a location."""
    options = access_options(location)
    if location.table_options is not None:
        options["storage_options"] = table_options(location, DeltaFormat.name)
    elif location.storage_options is not None:
        options["storage_options"] = plain_options(location)
    return options


def _log_files(location: Location) -> list[str]:
    """Return the paths of the files of a table's log.

    Raises:
        FileNotFoundError: There is no log.
    """
    log = f"{location.path.rstrip('/')}/_delta_log"
    return list(location.filesystem().ls(log, detail=False, refresh=True))


def _check_exists(location: Location) -> None:
    """Raise `ObjectNotFoundError` if no table is there, from what the store says if it does."""
    missing = ObjectNotFoundError(
        f"No Delta table is at {location.uri}. Check the bucket's name and path, or write it "
        "first.",
        uri=location.uri,
    )
    try:
        files = _log_files(location)
    except FileNotFoundError as error:
        raise missing from error
    if not files:
        raise missing


def _check_version(location: Location, version: object) -> None:
    """Raise `ObjectNotFoundError` for the number of a version that was never written."""
    if not isinstance(version, int):
        return
    names = [path.rstrip("/").rpartition("/")[2] for path in _log_files(location)]
    versions = [int(name[:20]) for name in names if re.match(r"\d{20}\.", name)]
    newest = max(versions, default=-1)
    if not 0 <= version <= newest:
        raise ObjectNotFoundError(
            f"The Delta table {location.uri} has no version {version}; the newest is {newest}.",
            uri=location.uri,
        )


def _is_local(location: Location) -> bool:
    return "://" not in location.uri


def _table_uri(location: Location) -> str:
    if _is_local(location) and (unsafe := _UNSAFE_IN_LOCAL_PATHS.search(location.uri)):
        raise PathError(
            f"The path {location.uri!r} holds {unsafe.group()!r}, which Delta can't have in the "
            "path of a table. Choose another path or another base path."
        )
    return location.uri.rstrip("/")


def _write_options(mode: WriteMode, request: WriteRequest) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if mode == "overwrite":
        options["schema_mode"] = "overwrite"
    if request.partition_by:
        options["partition_by"] = list(request.partition_by)
    return {**options, **request.options.get("delta_write_options", {})}


def _exists(location: Location) -> ObjectExistsError:
    return ObjectExistsError(
        f"{location.uri} already is a Delta table, and mode='error' refuses to replace it. Use "
        "mode='overwrite', 'append' or 'ignore'.",
        uri=location.uri,
    )
