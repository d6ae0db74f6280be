"""A bucket: one place for data in any store."""

import builtins
from pathlib import PurePath
from typing import IO, TYPE_CHECKING, Any, cast

from glacier.errors import FormatError, PathError
from glacier.resources.base import ConfigArgument, Resource
from glacier.resources.scans import note_scan
from glacier.resources.schema import checked_schema
from glacier.scope import current_scope
from glacier.storage import (
    WriteMode,
    checked_bucket_name,
    checked_path,
    is_glob,
    path_text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    from fsspec import AbstractFileSystem
    from polars._typing import SchemaDict

    from glacier.adapters import BucketAdapter
    from glacier.drift import Difference
    from glacier.formats import Format, TableFormat
    from glacier.provider import Provider
    from glacier.resources.write import Tabular

_MOST_COLUMNS = 20
"""Of a declared schema, in a card for notebooks."""


class Bucket(Resource):
    """A place for data: a file, or with a trailing `/` or a glob a dataset of many files.

    Made by `Provider.bucket`, whose documentation has the arguments.

    Attributes:
        bucket_name: The bucket or container.
        path: The path inside it; empty for the bucket itself.
        format: The name of the format that its data have; None where no format has the path's
            suffix, as of `model.pkl`, so that the file can be opened but not scanned.
        schema: The declared columns and types, or None.
    """

    def __init__(
        self,
        bucket_name: str,
        path: str | PurePath = "",
        format: str | None = None,
        provider: "Provider | None" = None,
        config: ConfigArgument = None,
        name: str | None = None,
        *,
        schema: "SchemaDict | pl.Schema | None" = None,
    ) -> None:
        self.bucket_name = checked_bucket_name(bucket_name)
        self.path = checked_path(path)
        self._format_name = format
        super().__init__(provider, config, name)
        self.schema: SchemaDict | None = checked_schema(schema)
        self.format: str | None = self._find_format_name()

    @property
    def is_dataset(self) -> bool:
        """Whether the path stands for many files."""
        return self.path == "" or self.path.endswith("/") or is_glob(self.path)

    @property
    def is_table(self) -> bool:
        """Whether the data are a table with a log of its own, such as Delta's."""
        from glacier.formats import TableFormat

        return self.format is not None and isinstance(self.get_format(), TableFormat)

    def get_format(self) -> "Format":
        """Return the format that reads and writes this bucket's data.

        Raises:
            FormatError: No format was named, and none or several have the path's suffix.
        """
        from glacier.formats import format_for

        return format_for(self._format_name, self.path)

    def deploy(self) -> None:
        """Create the bucket on its platform, or update its settings in place; idempotent.

        Other resources of the provider that speak of the same bucket count as well.

        Raises:
            ContradictionError: Two resources set a field of the bucket differently.
            AccessDeniedError: The platform refuses, or the bucket is somebody else's.
        """
        from glacier.resources.translation import translated

        with translated(self):
            super().deploy()

    def drift(self) -> "Iterable[Difference]":
        """Return where the bucket on its platform differs from what `deploy()` makes it.

        Raises:
            ContradictionError: As in `deploy`.
            AccessDeniedError: As in `deploy`.
        """
        from glacier.resources.translation import translated

        with translated(self):
            return super().drift()

    def scan(self, **options: Any) -> "pl.LazyFrame":  # Any: the format's own scan options
        """Return a lazy frame over the data; rows are read when it is collected.

        Args:
            **options: Passed on to Polars' scan function for the format.

        Raises:
            PathError: The path leads out of the bucket, through a symlink for example.
            FormatError: No format was named, and none has the path's suffix.
        """
        scope = current_scope.get()
        return self.scan_now(options) if scope is None else scope.scan(self, options)

    def read(self, **options: Any) -> "pl.DataFrame":  # Any: the format's own scan options
        """Return all data as an eager frame.

        Args:
            **options: Passed on to Polars' scan function for the format, as `scan` does.

        Raises:
            ObjectNotFoundError: Nothing is there; `EmptyDatasetError` for an empty dataset.
            FormatError: The bytes are not of the bucket's format, or that is not known.
            AccessDeniedError: The store refuses.
        """
        scope = current_scope.get()
        return self.read_now(options) if scope is None else scope.read(self, options)

    def write(
        self,
        data: "Tabular",
        mode: WriteMode = "overwrite",
        partition_by: "str | list[str] | tuple[str, ...] | None" = None,
        **options: Any,  # Any: the format's own sink options
    ) -> None:
        """Write data, all or nothing.

        Inside a run the write is executed later, together with others; anywhere else it is
        executed and committed before this returns.

        Args:
            data: A LazyFrame, a DataFrame, or anything with the Arrow PyCapsule interface.
            mode: `overwrite` replaces, `append` adds (datasets and tables only), `error`
                refuses and `ignore` does nothing where data already is.
            partition_by: Columns that become hive directories; datasets only.
            **options: Passed on to Polars' sink function for the format.

        Raises:
            PathError: The path is a glob, or `mode` and `partition_by` do not fit it.
            FormatError: No format was named, and none has the path's suffix.
            SchemaMismatchError: The data differ from the declared schema.
            ObjectExistsError: `mode="error"` and data is there.
            ObjectNotFoundError: A file that a lazy frame's rows come from is not there.
            WriteError: The data could not be computed or written; the target is untouched.
        """
        from glacier.resources.write import Write

        columns = (partition_by,) if isinstance(partition_by, str) else tuple(partition_by or ())
        write = Write.of(self, data, mode=mode, partition_by=columns, options=options)
        scope = current_scope.get()
        if scope is None:
            write.execute()
        else:
            scope.write(write)

    def exists(self) -> bool:
        """Return whether data is there: the file, or at least one file of a dataset.

        False only when the store says 'not there'; with `path=""` it asks for the bucket.

        Raises:
            AccessDeniedError: The store refuses to say.
        """
        scope = current_scope.get()
        if scope is not None:
            known = scope.exists(self)
            if known is not None:
                return known
        return self.exists_now()

    def list(self) -> builtins.list[str]:
        """Return the paths of all files here, relative to the bucket, sorted."""
        scope = current_scope.get()
        if scope is not None:
            scope.before_look(self)
        return self.list_now()

    def delete(self) -> None:
        """Delete what is here; nothing happens where nothing is.

        Raises:
            PathError: There is no path, so that the whole bucket would go.
        """
        if self.path == "":
            raise PathError(f"{self!r} is a whole bucket; delete a path such as 'data/'.")
        scope = current_scope.get()
        if scope is not None:
            scope.before_change(self, "delete")
        from glacier.resources.translation import translated

        with translated(self):
            self.adapter.delete()

    def open(self, mode: str = "rb") -> IO[Any]:
        """Open the file at the path as a stream of bytes or text.

        A stream opened for writing goes to the file as it is written: it is the one way to
        write that is not all or nothing.
        """
        if self.is_dataset:
            raise PathError(f"{self!r} is a dataset and can't be opened; open one of its files.")
        scope = current_scope.get()
        if scope is not None and set(mode) & set("wax+"):
            scope.before_change(self, "open for writing")
        elif scope is not None:
            scope.before_look(self)
        from glacier.resources.translation import translated

        with translated(self):
            return cast("IO[Any]", self.filesystem.open(self.adapter.location().path, mode))

    @property
    def filesystem(self) -> "AbstractFileSystem":
        """The fsspec filesystem that reaches this bucket, with the provider's identity."""
        return self.adapter.filesystem

    def get_uri(self) -> str:
        """Return the platform's URI of the path, such as `s3://bucket/path`."""
        return self.adapter.get_uri()

    def __truediv__(self, sub: str | PurePath) -> "Bucket":
        """Return the bucket at `path/sub`, with this one's provider and config.

        It is a part of this one, and not among `provider.get_resources()`.

        Raises:
            PathError: This path is a glob, or `sub` is not legal.
        """
        if is_glob(self.path):
            raise PathError(f"{self!r} is a glob; nothing lies below it.")
        below = path_text(sub)
        joined = f"{self.path.rstrip('/')}/{below}" if self.path else below
        return Bucket(
            self.bucket_name,
            joined,
            self._format_name,
            self.provider,
            self.config,
            schema=self.schema,
        )

    @property
    def adapter(self) -> "BucketAdapter":
        """The adapter that serves this bucket."""
        return cast("BucketAdapter", self._get_adapter())

    def scan_now(self, options: dict[str, Any]) -> "pl.LazyFrame":
        """Return a lazy frame over what the store holds, whatever run surrounds the call."""
        from glacier.resources.translation import translated

        if self.path == "":
            raise PathError(f"{self!r} has no path to scan; name one, such as path='data/'.")
        with translated(self):
            frame = self.adapter.scan(self.get_format(), self.schema, options)
        note_scan(frame, self, options)
        return frame

    def read_now(self, options: dict[str, Any]) -> "pl.DataFrame":
        """Return what the store holds, whatever run surrounds the call."""
        from glacier.resources.translation import translated

        with translated(self, is_read=True):
            return self.scan_now(options).collect()

    def exists_now(self) -> bool:
        """Return whether the store holds data, whatever run surrounds the call."""
        from glacier.resources.translation import translated

        with translated(self):
            if self.path and self.is_table:
                return cast("TableFormat", self.get_format()).exists(self.adapter.location())
            return self.adapter.exists()

    def list_now(self) -> builtins.list[str]:
        """Return the files that the store holds, whatever run surrounds the call."""
        from glacier.resources.translation import translated

        with translated(self):
            return self.adapter.list()

    def _find_format_name(self) -> str | None:
        try:
            return self.get_format().name
        except FormatError:
            if self._format_name is not None:
                raise
            return None  # The file can be opened and deleted for all that.

    def _generate_name(self) -> str:
        return f"{self.bucket_name}_{self.path.replace('/', '_')}"

    def _repr_html_(self) -> str:
        """Return a card for notebooks; the store is not asked, nor an SDK loaded."""
        from glacier.notebook import card

        facts = [
            ("on", type(self.provider.config).__name__),
            ("format", self.format or "not known by the suffix"),
        ]
        if self.is_dataset:
            facts.append(("holds", "many files"))
        if self.schema is not None:
            columns = [f"{name}: {kind}" for name, kind in self.schema.items()]
            more = len(columns) - _MOST_COLUMNS
            left_out = [f"and {more:,} more"] if more > 0 else []
            facts.append(("schema", ", ".join(columns[:_MOST_COLUMNS] + left_out)))
        return card("Bucket", f"{self.bucket_name}/{self.path}", facts)

    def __repr__(self) -> str:
        return f"Bucket({self.bucket_name!r}, path={self.path!r})"
