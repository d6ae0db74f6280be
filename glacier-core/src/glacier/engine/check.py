"""Checks a pipeline without its data: every task on empty frames of the true schemas."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import polars as pl

from glacier.engine.convert import as_annotated
from glacier.engine.frames import frames_in
from glacier.engine.task_scope import place_of_bucket
from glacier.engine.values import ValueWatch
from glacier.errors import CheckRefusedError, ConfigError, ObjectNotFoundError, StorageError
from glacier.pipeline.build_scope import BuildScope
from glacier.pipeline.containers import mapped
from glacier.pipeline.graph import Call, Graph
from glacier.pipeline.handle import Handle, call_of
from glacier.pipeline.pipeline import Pipeline
from glacier.pipeline.task import Task
from glacier.resources.bucket import Bucket
from glacier.resources.translation import FAILURES, translated
from glacier.resources.write import Write
from glacier.scope import current_scope
from glacier.storage import overlaps

_SCHEMA_ERRORS = (
    pl.exceptions.ColumnNotFoundError,
    pl.exceptions.DuplicateError,
    pl.exceptions.InvalidOperationError,
    pl.exceptions.SchemaError,
    pl.exceptions.SchemaFieldNotFoundError,
    pl.exceptions.StructFieldNotFoundError,
)

_ERRORS_OF_NAMES = (
    pl.exceptions.ColumnNotFoundError,
    pl.exceptions.DuplicateError,
    pl.exceptions.SchemaFieldNotFoundError,
)


class CheckStatus(StrEnum):
    """What a check could say of one task."""

    OK = "OK"
    FAILED = "FAILED"
    """A run would fail here."""
    NOT_CHECKABLE = "NOT_CHECKABLE"
    """The task needs values, not only columns and types; a run may well succeed."""
    SKIPPED = "SKIPPED"
    """It needs the result of a task that failed."""


@dataclass(slots=True, eq=False)
class TaskCheck:
    """What a check found out about one call of a task.

    Attributes:
        name: The call's name.
        error: Why it failed, or can't be checked.
        reads: The buckets that it scanned or read.
        writes: What it wrote, in order.
        looks_at_values: Whether it, or a frame that it is given, depends on values.
        guesses_types: Whether such a frame was read from what has other types once written.
    """

    name: str
    status: CheckStatus = CheckStatus.OK
    error: Exception | None = None
    reads: list[Bucket] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    looks_at_values: bool = False
    guesses_types: bool = False

    def __str__(self) -> str:
        note = ""
        if self.error is not None:
            is_refusal = isinstance(self.error, CheckRefusedError)
            kind = "" if is_refusal else f"{type(self.error).__name__}: "
            note = f": {kind}{str(self.error).splitlines()[0]}"
        return f"{self.status:<13} {self.name}{note}"


@dataclass(slots=True, eq=False)
class CheckReport:
    """What `Pipeline.check()` found.

    Attributes:
        pipeline: The pipeline's name.
        tasks: What was found out about every call, by its name, in order.
    """

    pipeline: str
    tasks: dict[str, TaskCheck] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether nothing was found that must fail in a run."""
        return not self.errors

    @property
    def errors(self) -> dict[str, Exception]:
        """What must fail in a run, by the name of the call that is to blame."""
        return {
            name: task.error
            for name, task in self.tasks.items()
            if task.status is CheckStatus.FAILED and task.error is not None
        }

    def __str__(self) -> str:
        verdict = "no error found" if self.ok else "errors found"
        return "\n".join([f"Check of {self.pipeline!r}: {verdict}", *map(str, self.tasks.values())])


def check_pipeline(pipeline: Pipeline[..., Any], params: Mapping[str, Any]) -> CheckReport:
    """Check a pipeline; `Pipeline.check` has the contract."""
    return inspect_pipeline(pipeline, params)[1]


def inspect_pipeline(
    pipeline: Pipeline[..., Any], params: Mapping[str, Any]
) -> tuple[Graph, CheckReport]:
    """Return a pipeline's graph and what its tasks read, write and get wrong."""
    graph = pipeline.build(params, _CheckBuildScope(pipeline.name))
    inspection = _Inspection(graph, CheckReport(pipeline.name))
    for call in graph.calls:
        inspection.visit(call)
    return graph, inspection.report


@dataclass(frozen=True, slots=True)
class _Standing:
    """What calls have to know that come after a call or a joint.

    Attributes:
        blocked_by: The first check, among it and what it needs, that is not OK.
        may_differ: Whether it, or what it needs, may do something else in a run.
    """

    blocked_by: TaskCheck | None = None
    may_differ: bool = False


_SOUND = _Standing()


@dataclass(frozen=True, slots=True)
class _Written:
    """What a place would hold after a write."""

    place: str
    schema: pl.Schema
    write: Write
    by: TaskCheck


class _Inspection:
    """Calls every task in order, each on what the ones before it have returned."""

    def __init__(self, graph: Graph, report: CheckReport) -> None:
        self.report = report
        self._graph = graph
        self._results: list[Any] = [call.value for call in graph.calls]
        self._checks: list[TaskCheck | None] = [None] * len(graph.calls)
        self._standings = [_SOUND] * len(graph.calls)
        self._written: list[_Written] = []

    def visit(self, call: Call) -> None:
        needs = [self._standings[index] for index in sorted({*call.data, *call.after})]
        blocked = next((one.blocked_by for one in needs if one.blocked_by is not None), None)
        may_differ = any(one.may_differ for one in needs)
        if call.task is not None:
            check = TaskCheck(call.name)
            self._checks[call.index] = self.report.tasks[call.name] = check
            if blocked is not None:
                self._block(check, blocked)
            else:
                self._call(call, call.task, check, may_differ=may_differ)
                blocked = None if check.status is CheckStatus.OK else check
            may_differ = may_differ or check.looks_at_values
        if blocked is not None or may_differ:
            self._standings[call.index] = _Standing(blocked, may_differ)

    def _block(self, check: TaskCheck, by: TaskCheck) -> None:
        failed = by.status in {CheckStatus.FAILED, CheckStatus.SKIPPED}
        check.status = CheckStatus.SKIPPED if failed else CheckStatus.NOT_CHECKABLE
        check.error = CheckRefusedError(f"it needs {by.name!r}, which is {by.status}")

    def _call(
        self, call: Call, task: Task[..., Any], check: TaskCheck, *, may_differ: bool
    ) -> None:
        given = [one for one in (self._checks[index] for index in call.data) if one is not None]
        check.looks_at_values = any(one.looks_at_values for one in given)
        check.guesses_types = any(one.guesses_types for one in given)
        args = [self._value_of(value) for value in call.args]
        kwargs = {name: self._value_of(value) for name, value in call.kwargs.items()}
        token = current_scope.set(_CheckScope(check, self._written))
        watch = ValueWatch()
        try:
            with watch:
                args, kwargs = as_annotated(task, args, kwargs)
                result = task.body(*args, **kwargs)
            for frame in frames_in(result):
                frame.collect_schema()
            self._results[call.index] = result
        except (*FAILURES, SystemExit) as error:
            check.looks_at_values = check.looks_at_values or watch.has_looked
            self._judge(check, error, may_differ=may_differ)
        finally:
            current_scope.reset(token)
            check.looks_at_values = check.looks_at_values or watch.has_looked

    def _judge(self, check: TaskCheck, error: BaseException, *, may_differ: bool) -> None:
        if isinstance(error, ObjectNotFoundError):
            is_certain = not (may_differ or check.looks_at_values)
        elif isinstance(error, StorageError | ConfigError):
            is_certain = True
        else:
            certain = _ERRORS_OF_NAMES if check.guesses_types else _SCHEMA_ERRORS
            is_certain = isinstance(error, certain) and not check.looks_at_values
        check.status = CheckStatus.FAILED if is_certain else CheckStatus.NOT_CHECKABLE
        check.error = error if isinstance(error, Exception) else CheckRefusedError(repr(error))

    def _value_of(self, value: Any) -> Any:  # Any: arguments and results of users' functions
        return mapped(
            value,
            lambda leaf: self._results[call_of(leaf).index] if type(leaf) is Handle else leaf,
        )


class _CheckScope:
    """What buckets answer to inside a task that is checked."""

    def __init__(self, check: TaskCheck, written: list[_Written]) -> None:
        self._check = check
        self._written = written

    def scan(self, bucket: Bucket, options: dict[str, Any]) -> pl.LazyFrame:
        """Return an empty frame of the schema that the place will have."""
        self._check.reads.append(bucket)
        place = place_of_bucket(bucket)
        for one in reversed(self._written):
            if overlaps(one.place, place):
                self._note_doubts(bucket, one, options)
                return pl.LazyFrame(schema=one.schema)
        return empty_scan(bucket, options)

    def _note_doubts(self, bucket: Bucket, written: _Written, options: dict[str, Any]) -> None:
        """Note where the columns of a real scan may differ from those that were written."""
        has_other_columns = bool(options) or written.write.request.mode == "ignore"
        has_other_types = not bucket.get_format().keeps_types or bool(
            written.write.request.partition_by
        )
        self._check.looks_at_values |= written.by.looks_at_values or has_other_columns
        self._check.guesses_types |= written.by.guesses_types or has_other_types

    def read(self, bucket: Bucket) -> pl.DataFrame:
        """Return an empty frame of the schema that the place will have."""
        return self.scan(bucket, {}).collect()

    def write(self, write: Write) -> None:
        """Note the write and the schema that its place will have; nothing is written."""
        schema = write.frame.collect_schema()
        # Raises where a column to partition by is missing.
        write.frame.select(write.request.partition_by).collect_schema()
        self._check.writes.append(write)
        self._written.append(_Written(place_of_bucket(write.bucket), schema, write, self._check))

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

    def before_effect(self, action: str) -> None:
        """Refuse."""
        raise CheckRefusedError(f"check() has no effects, and the task would {action}.")


class _CheckBuildScope(BuildScope):
    """Builds on empty frames too."""

    def scan(self, bucket: Bucket, options: dict[str, Any]) -> pl.LazyFrame:
        """Return an empty frame of the true schema."""
        return empty_scan(bucket, options)


def empty_scan(bucket: Bucket, options: dict[str, Any]) -> pl.LazyFrame:
    """Return an empty frame with the columns and types of what a bucket holds."""
    with translated(bucket):
        return pl.LazyFrame(schema=bucket.scan_now(options).collect_schema())
