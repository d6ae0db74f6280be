"""Checks a pipeline without its data: every task on empty frames of the true schemas."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import polars as pl

from glacier.engine.convert import as_annotated
from glacier.engine.frames import frames_in
from glacier.engine.state import handles_in
from glacier.engine.task_scope import place_of_bucket
from glacier.engine.values import ValueWatch
from glacier.errors import CheckRefusedError, ConfigError, StorageError
from glacier.pipeline.build_scope import BuildScope
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
        looks_at_values: Whether it, or what it depends on, depends on values.
    """

    name: str
    status: CheckStatus = CheckStatus.OK
    error: Exception | None = None
    reads: list[Bucket] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    looks_at_values: bool = False

    def __str__(self) -> str:
        note = ""
        if self.error is not None:
            note = f": {type(self.error).__name__}: {str(self.error).splitlines()[0]}"
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


class _Inspection:
    """Calls every task in order, each on what the ones before it have returned."""

    def __init__(self, graph: Graph, report: CheckReport) -> None:
        self.report = report
        self._graph = graph
        self._results: list[Any] = [call.value for call in graph.calls]
        self._checks: list[TaskCheck | None] = [None] * len(graph.calls)
        self._written: list[tuple[str, pl.Schema, TaskCheck]] = []

    def visit(self, call: Call) -> None:
        if call.task is None:
            return
        check = TaskCheck(call.name)
        self._checks[call.index] = self.report.tasks[call.name] = check
        needs = [c for c in (self._checks[i] for i in self._needs(call)) if c is not None]
        blocked = next((c for c in needs if c.status is not CheckStatus.OK), None)
        if blocked is not None:
            self._block(check, blocked)
            return
        check.looks_at_values = any(
            given.looks_at_values for given in (self._checks[i] for i in call.data) if given
        )
        self._call(call, call.task, check)

    def _needs(self, call: Call) -> list[int]:
        """Return what a call needs, through joints."""
        found, stack, seen = [], [*call.data, *call.after], set()
        while stack:
            index = stack.pop()
            if index in seen:
                continue
            seen.add(index)
            if self._graph.calls[index].task is None:
                stack.extend(self._graph.calls[index].after)
            else:
                found.append(index)
        return sorted(found)

    def _block(self, check: TaskCheck, by: TaskCheck) -> None:
        failed = by.status in {CheckStatus.FAILED, CheckStatus.SKIPPED}
        check.status = CheckStatus.SKIPPED if failed else CheckStatus.NOT_CHECKABLE
        check.error = CheckRefusedError(f"it needs {by.name!r}, which is {by.status}")

    def _call(self, call: Call, task: Task[..., Any], check: TaskCheck) -> None:
        args = [self._value_of(value) for value in call.args]
        kwargs = {name: self._value_of(value) for name, value in call.kwargs.items()}
        token = current_scope.set(_CheckScope(check, self._written))
        watch = ValueWatch()
        try:
            with watch:
                args, kwargs = as_annotated(task, args, kwargs)
                result = task.function(*args, **kwargs)
            for frame in frames_in(result):
                frame.collect_schema()
            self._results[call.index] = result
        except (*FAILURES, SystemExit) as error:
            check.looks_at_values = check.looks_at_values or watch.has_looked
            self._judge(check, error)
        finally:
            current_scope.reset(token)
            check.looks_at_values = check.looks_at_values or watch.has_looked

    def _judge(self, check: TaskCheck, error: BaseException) -> None:
        is_certain = isinstance(error, StorageError | ConfigError) or (
            isinstance(error, _SCHEMA_ERRORS) and not check.looks_at_values
        )
        check.status = CheckStatus.FAILED if is_certain else CheckStatus.NOT_CHECKABLE
        check.error = error if isinstance(error, Exception) else CheckRefusedError(repr(error))

    def _value_of(self, value: Any) -> Any:  # Any: arguments and results of users' functions
        kind = type(value)
        if kind is Handle:
            return self._results[call_of(value).index]
        if kind in {list, tuple} and handles_in(value):
            return kind(self._value_of(one) for one in value)
        if kind is dict and handles_in(value):
            return {name: self._value_of(one) for name, one in value.items()}
        return value


class _CheckScope:
    """What buckets answer to inside a task that is checked."""

    def __init__(self, check: TaskCheck, written: list[tuple[str, pl.Schema, TaskCheck]]) -> None:
        self._check = check
        self._written = written

    def scan(self, bucket: Bucket, options: dict[str, Any]) -> pl.LazyFrame:
        """Return an empty frame of the schema that the place will have."""
        self._check.reads.append(bucket)
        place = place_of_bucket(bucket)
        for written, schema, by in reversed(self._written):
            if overlaps(written, place):
                self._check.looks_at_values |= by.looks_at_values
                return pl.LazyFrame(schema=schema)
        return empty_scan(bucket, options)

    def read(self, bucket: Bucket) -> pl.DataFrame:
        """Return an empty frame of the schema that the place will have."""
        return self.scan(bucket, {}).collect()

    def write(self, write: Write) -> None:
        """Note the write and the schema that its place will have; nothing is written."""
        schema = write.frame.collect_schema()
        # Raises where a column to partition by is missing.
        write.frame.select(write.request.partition_by).collect_schema()
        self._check.writes.append(write)
        self._written.append((place_of_bucket(write.bucket), schema, self._check))

    def before_look(self, bucket: Bucket) -> bool | None:
        """Return True where the checked tasks would have written."""
        place = place_of_bucket(bucket)
        return True if any(overlaps(written, place) for written, _, _ in self._written) else None

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
