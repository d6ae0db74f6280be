"""The contract of a format."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import IO, TYPE_CHECKING, Any, ClassVar, TypeAlias

import polars as pl

from glacier.formats.hive import partition_file_names
from glacier.storage import Location, Stage, WriteMode, WriteRequest, is_glob

if TYPE_CHECKING:
    from polars._typing import SchemaDict
    from polars.io.partition import FileProviderArgs


SinkTarget: TypeAlias = "str | IO[bytes] | pl.PartitionBy"
"""What Polars sinks to: a path or URI, an open file, or the files of a partitioned dataset."""


class Format(ABC):
    """How one kind of file or table is read; stateless, one instance serves all buckets."""

    name: ClassVar[str]
    keeps_types: ClassVar[bool] = False
    """Whether a scan of a file has just the types that were written to it."""

    @abstractmethod
    def scan(
        self, location: Location, schema: "SchemaDict | None", options: Mapping[str, Any]
    ) -> pl.LazyFrame:
        """Return a lazy frame over a location; reads nothing if `schema` is given."""


class FileFormat(Format):
    """A format whose data are plain files, which Polars sinks to a stage."""

    suffix: ClassVar[str]
    """The ending of the files that a dataset is made of."""

    def sink(self, frame: pl.LazyFrame, stage: Stage, request: WriteRequest) -> pl.LazyFrame:
        """Return a lazy sink of `frame` into a stage: one file, or the files of a dataset."""
        target = stage.location
        options = {**self.options_for(target.uri), **request.options}
        if not target.is_dataset:
            return self.sink_file(frame, _opened(stage, ""), target, options)
        suffix = self.suffix_for(request.options)
        if not request.partition_by:
            name = f"{stage.token}{suffix}"
            return self.sink_file(frame, _opened(stage, name), target, options)
        parts = pl.PartitionBy(
            target.uri,
            key=list(request.partition_by),
            include_key=self.keeps_partition_columns,
            file_path_provider=_opening(stage, partition_file_names(stage.token, suffix)),
        )
        return self.sink_file(frame, parts, target, options)

    keeps_partition_columns: ClassVar[bool] = False
    """Whether files repeat the partition columns; only if a scan can't take them from paths."""

    def suffix_for(self, options: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return the ending of a dataset's files when they are written with these options."""
        return self.suffix

    def options_for(self, uri: str) -> dict[str, Any]:  # noqa: ARG002
        """Return the sink's options that a file's name asks for."""
        return {}

    @abstractmethod
    def sink_file(
        self,
        frame: pl.LazyFrame,
        target: "SinkTarget",
        location: Location,
        options: Mapping[str, Any],
    ) -> pl.LazyFrame:
        """Return a lazy sink (`lazy=True`) to a file or to partitions, made with `mkdir`."""


class TableFormat(Format):
    """A format with a log of its own, whose commits are atomic by themselves.

    Its rows are staged as files first, together with all other writes of a settle, and then
    published from there.
    """

    @abstractmethod
    def exists(self, location: Location) -> bool:
        """Return whether a table is there."""

    @abstractmethod
    def publish(
        self, rows: pl.LazyFrame, location: Location, mode: WriteMode, request: WriteRequest
    ) -> None:
        """Add or replace the rows of the table in one commit of its log.

        Raises:
            ObjectExistsError: `mode` is `error` and the table exists.
        """


def _opened(stage: Stage, path: str) -> SinkTarget:
    """Return what a sink into one of a stage's files is given."""
    return f"{stage.location.uri}{path}" if stage.files is None else stage.files.open(path)


def _opening(
    stage: Stage, names: "Callable[[FileProviderArgs], str]"
) -> "Callable[[FileProviderArgs], str | IO[bytes]]":
    """Return what gives a partitioned sink its files, each by its name."""
    if stage.files is None:
        return names
    files = stage.files
    return lambda file: files.open(names(file))


def access_options(location: Location) -> dict[str, Any]:
    """Return the options that a scan or a sink needs to reach a location; none on a disk."""
    options: dict[str, Any] = {}
    if location.storage_options is not None:
        options["storage_options"] = dict(location.storage_options)
    if location.credential_provider is not None:
        options["credential_provider"] = location.credential_provider
    return options


def takes_glob(location: Location) -> bool:
    """Return whether a scan may read the location's URI as a pattern.

    A file's name is never one. A dataset's directory is scanned as a pattern because object
    stores list a prefix that way, unless `*`, `?` or `[` stand in its own name.
    """
    return location.is_glob or (location.is_dataset and not is_glob(location.uri))
