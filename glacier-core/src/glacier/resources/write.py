"""One write of one frame to one bucket: stage it, sink it, commit it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

import polars as pl

from glacier.errors import (
    FormatError,
    GlacierError,
    ObjectExistsError,
    ObjectNotFoundError,
    PathError,
    SchemaMismatchError,
    WriteError,
)
from glacier.formats import FileFormat, TableFormat
from glacier.formats.table import format_for
from glacier.resources.translation import FAILURES, of_source, translate, translated
from glacier.scope import current_scope
from glacier.storage import Stage, WriteMode, WriteRequest, checked_mode, is_glob

if TYPE_CHECKING:
    from glacier.resources.bucket import Bucket


class ArrowStream(Protocol):
    """Anything that hands out its rows through the Arrow PyCapsule interface."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Return a capsule with an Arrow stream."""


Tabular: TypeAlias = pl.LazyFrame | pl.DataFrame | ArrowStream


@dataclass(frozen=True, slots=True)
class Write:
    """A checked request to write `frame` to `bucket`.

    Attributes:
        is_foreign: Whether the rows live in another library's memory, which may change.
        eager: The rows themselves, where the data are no lazy frame.
    """

    bucket: "Bucket"
    frame: pl.LazyFrame
    request: WriteRequest
    is_foreign: bool = False
    eager: pl.DataFrame | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        bucket: "Bucket",
        data: Tabular,
        *,
        mode: WriteMode,
        partition_by: tuple[str, ...],
        options: Mapping[str, Any],
    ) -> "Write":
        """Check what can be checked before anything is executed.

        Raises:
            PathError: The target can't be written, or not in this way.
            FormatError: The target's format is not known.
            ObjectNotFoundError: A file that the rows come from is not there.
            SchemaMismatchError: The data differ from the declared schema.
            WriteError: `data` is no frame.
        """
        checked_mode(mode)
        _check_target(bucket, mode, partition_by)
        frame, eager, is_foreign = _as_lazy(bucket, data)
        _check_schema(bucket, frame)
        return cls(bucket, frame, WriteRequest(mode, partition_by, options), is_foreign, eager)

    @property
    def rows(self) -> int | None:
        """How many rows there are; None for a lazy frame."""
        # Not looked at earlier: `check()` takes it for a task's own look at values.
        return None if self.eager is None else self.eager.height

    @property
    def is_needed(self) -> bool:
        """Whether anything is to be written, by `mode` and what the store holds now.

        Raises:
            ObjectExistsError: `mode="error"` and data is there.
        """
        if self.request.mode not in {"error", "ignore"} or not self.bucket.exists_now():
            return True
        if self.request.mode == "ignore":
            return False
        can_append = self.bucket.is_dataset or self.bucket.is_table
        others = "'overwrite', 'append' or 'ignore'" if can_append else "'overwrite' or 'ignore'"
        raise ObjectExistsError(
            f"{self.bucket.get_uri()} already holds data, and mode='error' refuses to replace "
            f"it. Use mode={others}."
        )

    def stage(self) -> tuple[Stage, pl.LazyFrame]:
        """Return a new stage, and the lazy sink that fills it when it is collected."""
        with translated(self.bucket):
            stage = self.bucket.adapter.stage(self.request.mode)
        return stage, self._file_format.sink(self.frame, stage, self._staging_request)

    def commit(self, stage: Stage) -> bool:
        """Make a filled stage visible at the target and remove it.

        Returns:
            Whether it is visible: with `mode="ignore"` it is not where data has appeared meanwhile.

        Raises:
            ObjectExistsError: `mode="error"` and data has appeared meanwhile.
            StorageError: The store refuses; the target is untouched.
        """
        adapter, chosen = self.bucket.adapter, self.bucket.get_format()
        try:
            with translated(self.bucket):
                if isinstance(chosen, TableFormat):
                    rows = self._file_format.scan(stage.location, None, {})
                    chosen.publish(rows, adapter.location(), self.request.mode, self.request)
                else:
                    adapter.commit(stage, self.request.mode)
        except ObjectExistsError:
            if self.request.mode != "ignore":
                raise
            return False
        finally:
            adapter.discard(stage)
        return True

    def execute(self) -> None:
        """Write now: stage, sink and commit.

        Raises:
            ObjectExistsError: `mode="error"` and data is there.
            ObjectNotFoundError: A file that the rows come from is not there.
            WriteError: The data could not be computed or written; the target is untouched.
        """
        if not self.is_needed:
            return
        stage, sink = self.stage()
        try:
            sink.collect(engine="streaming")
        except BaseException as error:
            own = stage.own_error(error)
            self.bucket.adapter.discard(stage)
            if isinstance(own, FAILURES):
                raise self.failed(own) from error
            raise
        self.commit(stage)

    def failed(self, error: BaseException) -> GlacierError:
        """Return the error for a sink that failed, with the target's URI."""
        known = of_source(self.bucket, error)
        if known is not None:
            return known
        known = translate(self.bucket, error)
        # Nothing of the target was looked for, so that it can't be what was not found.
        is_misplaced = isinstance(known, FormatError | ObjectNotFoundError)
        if known is error or (known is not None and not is_misplaced):
            return known
        text = str(error).partition("\n\nResolved plan until failure")[0]
        return WriteError(
            f"Writing {self.bucket.get_uri()} failed and left it as it was: "
            f"{type(error).__name__}: {text}",
            uri=self.bucket.get_uri(),
        )

    @property
    def _file_format(self) -> FileFormat:
        chosen = self.bucket.get_format()
        return chosen if isinstance(chosen, FileFormat) else _staging_format()

    @property
    def _staging_request(self) -> WriteRequest:
        return WriteRequest() if self.bucket.is_table else self.request


def _as_lazy(
    bucket: "Bucket", data: Tabular | None
) -> tuple[pl.LazyFrame, pl.DataFrame | None, bool]:
    data = _of_polars(data)
    hint = " Did the task that made it forget to return it?" if data is None else ""
    if isinstance(data, pl.LazyFrame):
        return data, None, False
    if isinstance(data, pl.DataFrame):
        return data.lazy(), data, False
    if hasattr(data, "__arrow_c_stream__"):
        frame = pl.DataFrame(data)
        return frame.lazy(), frame, True
    raise WriteError(
        f"Can't write a {type(data).__name__} to {bucket.get_uri()}; expected a Polars LazyFrame "
        "or DataFrame, or an object with the Arrow PyCapsule interface (__arrow_c_stream__)."
        f"{hint}"
    )


def _of_polars(data: Any) -> Any:  # Any: whatever is to be written
    """Return frames of Narwhals and Spark as Polars', inside a run; anything else as it is."""
    library = type(data).__module__.partition(".")[0]
    if library == "narwhals" and hasattr(data, "to_native"):
        return _of_polars(data.to_native())
    scope = current_scope.get() if library == "pyspark" else None
    found = None if scope is None else scope.as_polars(data)
    return data if found is None else found


def _check_target(bucket: "Bucket", mode: str, partition_by: tuple[str, ...]) -> None:
    if is_glob(bucket.path):
        raise PathError(
            f"{bucket!r} is a glob and can only be read. Write to a path without *, ? and [."
        )
    if bucket.path == "":
        raise PathError(f"{bucket!r} has no path to write to; name one, such as path='data/'.")
    bucket.get_format()  # raises where the path's suffix says nothing
    if bucket.is_table or bucket.is_dataset:
        return
    if mode == "append":
        raise PathError(
            f"{bucket!r} is a single file, which can't be appended to. End the path in '/' to "
            "make it a dataset, or use format='delta'."
        )
    if partition_by:
        raise PathError(
            f"{bucket!r} is a single file and can't be partitioned by {', '.join(partition_by)}. "
            "End the path in '/' to make it a dataset."
        )


def _check_schema(bucket: "Bucket", frame: pl.LazyFrame) -> None:
    if bucket.schema is None:
        return
    declared, actual = pl.Schema(bucket.schema), _columns_of(bucket, frame)
    if declared == actual:
        return
    differences = [
        f"{name}: declared {declared.get(name, 'nothing')}, got {actual.get(name, 'nothing')}"
        for name in {**declared, **actual}
        if declared.get(name) != actual.get(name)
    ] or [f"declared in the order {', '.join(declared)}, got {', '.join(actual)}"]
    raise SchemaMismatchError(
        f"The data for {bucket.get_uri()} differ from the schema declared on its bucket "
        f"({'; '.join(differences)}). Cast or select the columns, or change schema=."
    )


def _columns_of(bucket: "Bucket", frame: pl.LazyFrame) -> pl.Schema:
    try:
        return frame.collect_schema()
    except FAILURES as error:
        known = of_source(bucket, error)
        if known is None:
            raise
        raise known from error


def _staging_format() -> FileFormat:
    return cast("FileFormat", format_for("parquet", ""))
