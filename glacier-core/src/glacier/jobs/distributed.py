"""Frames between Polars and Spark: there, back, and group by group on the workers."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from glacier.errors import PackageError, PipelineError
from glacier.formats.base import access_options
from glacier.jobs.group_call import FILE_COLUMN, ROW_COLUMN, GroupCall, positional
from glacier.jobs.spark_errors import worker_errors
from glacier.jobs.spark_reads import have_same_columns, why_staged
from glacier.jobs.spark_session import quiet, spark_session, spark_uri, why_unreachable
from glacier.jobs.types import can_be_restored, restored, to_wire, wire_frame
from glacier.jobs.wire_schemas import spark_schema
from glacier.resources.scans import scan_of

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import Column, DataFrame, SparkSession

    from glacier.resources import Bucket

_BYTES_PER_FILE = 64 * 1024 * 1024
_PARTITIONS_PER_CORE = 4
_OLDEST_SPARK = (3, 5)  # tells the index of a row in its file
_METADATA = "_metadata"
"""The column in which Spark tells of the file that a row comes from."""


class SparkFrames:
    """Takes frames to this process's Spark and back, through staging where it has to.

    Args:
        new_place: Makes an empty dataset in a store that this process and all workers reach.
        code: A zip with the modules that functions for the workers import.
    """

    def __init__(self, new_place: "Callable[[], Bucket]", code: Path | None = None) -> None:
        self._new_place = new_place
        self._code = code

    @property
    def session(self) -> "SparkSession":
        """The Spark session; started when it is first asked for."""
        return spark_session(self._code)

    def reads_itself(self, frame: pl.LazyFrame | pl.DataFrame) -> str | None:
        """Return why Spark can't read a frame by itself, so that it is staged; None if it can.

        Needs no Spark. A Spark without the connector that a store needs stages all the same.
        """
        return why_staged(frame)

    def to_spark(self, frame: pl.LazyFrame | pl.DataFrame) -> "DataFrame":
        """Return a frame's rows as a Spark frame, with the types of the published table.

        Spark reads an untouched scan by itself where `reads_itself` finds nothing against it;
        anything else is streamed to a new place, and read from there. The rows are in no order.

        Raises:
            PackageError: A column has a type with no counterpart, or Spark can't reach staging.
        """
        rows = frame.lazy()
        wire = to_wire(rows.collect_schema(), natural=True)
        uri = self._uri_to_read(frame)
        if uri is not None:
            return self._read(uri, wire)
        return self._stage(wire_frame(rows, wire), wire)

    def to_polars(
        self, frame: "DataFrame", schema: pl.Schema | None = None, *, is_declared: bool = False
    ) -> pl.LazyFrame:
        """Return a scan of a Spark frame's rows, which the workers write to a new place.

        Args:
            frame: The Spark frame; it is executed now.
            schema: The types to cast back to, where the columns are these, in this order, and
                nothing is lost.
            is_declared: Whether a user has declared the schema.

        Raises:
            RemoteError: A function raised on a worker; with the traceback from there.
            PackageError: Spark can't reach staging.
        """
        place = self._new_place()
        uri = self._reachable(place)
        if not frame.columns:
            raise PackageError("A Spark frame without columns can't be written. Give it one.")
        with worker_errors():
            frame.write.mode("append").parquet(uri)
        _remove_marks(place)
        rows = place.scan_now({})
        if schema is None or not can_be_restored(rows, schema, is_declared=is_declared):
            return rows
        return restored(rows, schema)

    def by_group(
        self,
        frame: pl.LazyFrame | pl.DataFrame,
        keys: Sequence[str],
        function: Callable[..., Any],
        schema: pl.Schema,
        *,
        eager: bool,
    ) -> "tuple[DataFrame, pl.Schema]":
        """Return what a function makes of every group of a frame's rows, on Spark's workers.

        A group arrives with the frame's own columns and types, and its rows in the order that
        they had. Null and NaN are values of a key like others. A frame without rows has no group.

        Args:
            frame: The rows.
            keys: The columns to group by.
            function: Takes and returns one frame; called in the workers' own processes.
            schema: The columns and types of what it returns.
            eager: Whether it takes a DataFrame; else a LazyFrame.

        Returns:
            A lazy Spark frame, and the schema that `to_polars` restores it to.

        Raises:
            PipelineError: A key is no column, or of a type that Spark can't group by.
            PackageError: A type or the function can't travel, or this Spark is older than 3.5.
        """
        source = frame.lazy().collect_schema()
        _check_keys(keys, source)
        _check_version(self.session)
        wire = to_wire(schema, natural=False)
        call = GroupCall.of(function, source, tuple(keys), schema, eager=eager)
        rows = self._numbered(frame, source)
        names = dict(zip(source, positional(source), strict=True))
        grouped = _grouped(rows, [names[key] for key in keys])
        with quiet():
            answers = grouped.mapInArrow(_plain(call), spark_schema(positional(wire)))
        return answers.toDF(*wire), schema

    def _uri_to_read(self, frame: pl.LazyFrame | pl.DataFrame) -> str | None:
        """Return what Spark is to read in place of a frame; None where it has to be staged."""
        scan = scan_of(frame)
        if scan is None or why_staged(frame) is not None:
            return None
        uri = spark_uri(scan.bucket, self.session)
        is_read_right = why_unreachable(self.session, uri) is None and have_same_columns(frame)
        return uri if is_read_right else None

    def _numbered(self, frame: pl.LazyFrame | pl.DataFrame, source: pl.Schema) -> "DataFrame":
        """Return positional columns, and beside them what the rows' order is."""
        names = dict(zip(source, positional(source), strict=True))
        # A column of that name hides Spark's own.
        uri = None if _METADATA in source else self._uri_to_read(frame)
        if uri is None:
            wire = to_wire(source, natural=False)
            numbered = wire_frame(frame.lazy(), wire).rename(names).with_row_index(ROW_COLUMN)
            wire = pl.Schema({ROW_COLUMN: pl.Int64(), **positional(wire)})
            return self._stage(wire_frame(numbered, wire), wire)
        rows = self._read(uri, to_wire(source, natural=True))
        columns = [_column(name).alias(names[name]) for name in source]
        file, row = (_column(_METADATA)[field] for field in ("file_path", "row_index"))
        columns += [file.alias(FILE_COLUMN), row.alias(ROW_COLUMN)]
        return rows.select(*columns)

    def _stage(self, rows: pl.LazyFrame, wire: pl.Schema) -> "DataFrame":
        """Stream rows into files of a new place, several of them where they are many."""
        place = self._new_place()
        uri = self._reachable(place)
        location = place.adapter.location()
        parts = pl.PartitionBy(location.uri, approximate_bytes_per_file=_BYTES_PER_FILE)
        rows.sink_parquet(parts, mkdir=True, engine="streaming", **access_options(location))
        return self._read(uri, wire)

    def _read(self, uri: str, wire: pl.Schema) -> "DataFrame":
        reader = self.session.read.schema(spark_schema(wire))
        # Names are names: not patterns, and no values of columns.
        reader = reader.option("__globPaths__", "false")
        return reader.option("recursiveFileLookup", "true").parquet(uri)

    def _reachable(self, place: "Bucket") -> str:
        uri = spark_uri(place, self.session)
        problem = why_unreachable(self.session, uri)
        if problem is not None:
            raise PackageError(
                f"The staging place {place.get_uri()} is out of Spark's reach: {problem}. Add the "
                "connector's package to the executor's config, or name a staging that it reaches."
            )
        return uri


def _check_keys(keys: Sequence[str], source: pl.Schema) -> None:
    for key in keys:
        if key not in source:
            raise PipelineError(
                f"partition_by names {key!r}, and the frame has no such column; it has "
                f"{', '.join(map(repr, source))}."
            )
        if source[key].is_nested() or source[key] == pl.Object:
            raise PipelineError(
                f"partition_by names {key!r}, which is {source[key]}; Spark groups by plain values "
                "only. Unnest it, or add a column that tells its groups apart."
            )


def _check_version(session: "SparkSession") -> None:
    version = tuple(int(part) for part in session.version.split(".")[:2])
    if version < _OLDEST_SPARK:
        raise PackageError(
            f"A task with partition_by needs Spark {'.'.join(map(str, _OLDEST_SPARK))} or later, "
            f"and this is Spark {session.version}. Choose a runtime of the executor that has it, "
            "or take partition_by away: Polars runs on the driver then."
        )


def _column(name: str) -> "Column":
    from pyspark.sql import functions

    return functions.col(f"`{name.replace('`', '``')}`")


def _grouped(rows: "DataFrame", keys: list[str]) -> "DataFrame":
    """Return rows with those of a group together, spread over a number of partitions that stays.

    Left to itself, Spark's adaptive execution puts small groups together on one worker.
    """
    cores = rows.sparkSession.sparkContext.defaultParallelism
    partitions = max(_PARTITIONS_PER_CORE * cores, len(rows.inputFiles()))
    return rows.repartition(partitions, *keys).sortWithinPartitions(*keys)


def _plain(call: GroupCall) -> "Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]":
    """Return a call as a plain function, since Spark looks at what a callable's arguments are."""

    def apply(batches: Any) -> Any:  # Any: Spark tries to make sense of annotations
        return call(batches)

    return apply


def _remove_marks(place: "Bucket") -> None:
    """Remove what Spark's committer leaves beside the Parquet files; Polars would read it."""
    filesystem, root = place.filesystem, place.adapter.location().path
    for file in filesystem.find(root):
        if not file.endswith(".parquet"):
            filesystem.rm_file(file)
