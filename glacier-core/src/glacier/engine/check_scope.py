"""What buckets answer to while a pipeline is checked: empty frames, and no to every change."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn

import polars as pl

from glacier.engine.check_report import TaskCheck
from glacier.engine.task_scope import place_of_bucket
from glacier.errors import CheckRefusedError, ObjectExistsError
from glacier.pipeline.build_scope import BuildScope
from glacier.resources.bucket import Bucket
from glacier.resources.scans import note_scan
from glacier.resources.translation import translated
from glacier.resources.write import Write
from glacier.scope import current_scope
from glacier.storage import overlaps


@dataclass(frozen=True, slots=True)
class Written:
    """What a place would hold after a write."""

    place: str
    schema: pl.Schema
    write: Write
    by: TaskCheck


class CheckScope:
    """What buckets answer to inside a task that is checked."""

    def __init__(self, check: TaskCheck, written: list[Written]) -> None:
        self._check = check
        self._written = written

    def scan(self, bucket: Bucket, options: dict[str, Any]) -> pl.LazyFrame:
        """Return an empty frame of the schema that the place will have."""
        self._check.reads.append(bucket)
        place = place_of_bucket(bucket)
        for one in reversed(self._written):
            if overlaps(one.place, place):
                self._note_doubts(bucket, one, options)
                frame = pl.LazyFrame(schema=one.schema)
                note_scan(frame, bucket, options)
                return frame
        return empty_scan(bucket, options)

    def _note_doubts(self, bucket: Bucket, written: Written, options: dict[str, Any]) -> None:
        """Note where the columns of a real scan may differ from those that were written."""
        has_other_columns = bool(options) or written.write.request.mode == "ignore"
        has_other_types = not bucket.get_format().keeps_types or bool(
            written.write.request.partition_by
        )
        self._check.looks_at_values |= written.by.looks_at_values or has_other_columns
        self._check.guesses_types |= written.by.guesses_types or has_other_types

    def read(self, bucket: Bucket, options: dict[str, Any]) -> pl.DataFrame:
        """Return an empty frame of the schema that the place will have."""
        return self.scan(bucket, options).collect()

    def as_polars(self, frame: object) -> "pl.LazyFrame | None":  # noqa: ARG002
        """Leave it to the write."""
        return None

    def write(self, write: Write) -> None:
        """Note the write and the schema that its place will have; nothing is written."""
        if write.request.mode == "error" and self.exists(write.bucket):
            raise ObjectExistsError(
                f"{write.bucket.get_uri()} is written twice, and mode='error' refuses to replace "
                "what the first write leaves there."
            )
        _ = write.is_needed  # raises where mode='error' finds data
        schema = write.frame.collect_schema()
        # Raises where a column to partition by is missing.
        write.frame.select(write.request.partition_by).collect_schema()
        self._check.writes.append(write)
        self._written.append(Written(place_of_bucket(write.bucket), schema, write, self._check))

    def exists(self, bucket: Bucket) -> bool | None:
        """Return True where the checked tasks would have written."""
        place = place_of_bucket(bucket)
        return True if any(overlaps(one.place, place) for one in self._written) else None

    def before_look(self, bucket: Bucket) -> None:
        """Refuse where the checked tasks would have written."""
        if self.exists(bucket):
            raise CheckRefusedError(f"{bucket!r} would hold data only after a real run.")

    def before_change(self, bucket: Bucket, action: str) -> None:
        """Refuse."""
        raise CheckRefusedError(f"check() changes nothing, and the task would {action} {bucket!r}.")

    def before_replace(self, places: Sequence[str]) -> NoReturn:
        """Never asked: no run takes place here."""
        raise AssertionError(places)

    def after_replace(self, places: Sequence[str], where: str) -> NoReturn:
        """Never asked: no run takes place here."""
        raise AssertionError(places, where)

    def before_effect(self, action: str) -> None:
        """Refuse."""
        raise CheckRefusedError(f"check() has no effects, and the task would {action}.")


@contextmanager
def refusing(task: str) -> Iterator[None]:
    """Let buckets answer with empty frames and refuse changes, while a function is tried out.

    Args:
        task: Whose function it is.
    """
    token = current_scope.set(CheckScope(TaskCheck(task), []))
    try:
        yield
    finally:
        current_scope.reset(token)


class CheckBuildScope(BuildScope):
    """Builds on empty frames too.

    Attributes:
        buckets: The buckets that the function has scanned.
    """

    def __init__(self, pipeline: str) -> None:
        super().__init__(pipeline)
        self.buckets: list[Bucket] = []

    def scan(self, bucket: Bucket, options: dict[str, Any]) -> pl.LazyFrame:
        """Return an empty frame of the true schema."""
        self.buckets.append(bucket)
        return empty_scan(bucket, options)


def empty_scan(bucket: Bucket, options: dict[str, Any]) -> pl.LazyFrame:
    """Return an empty frame with the columns and types of what a bucket holds."""
    with translated(bucket):
        scan = bucket.scan_now(options)
        # A scan knows a declared schema too, but looks for the files of a dataset first.
        is_known = bucket.schema is not None and not options
        frame = pl.LazyFrame(schema=bucket.schema if is_known else scan.collect_schema())
    note_scan(frame, bucket, options)
    return frame
