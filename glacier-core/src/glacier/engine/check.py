"""Checks a pipeline without its data: every task on empty frames of the true schemas."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import polars as pl

from glacier.engine.check_report import CheckReport, CheckStatus, TaskCheck
from glacier.engine.check_scope import CheckBuildScope, CheckScope, Written
from glacier.engine.convert import Conversion
from glacier.engine.frames import frames_in
from glacier.engine.hazards import hazards
from glacier.engine.values import ValueWatch
from glacier.engine.wire_check import check_call
from glacier.errors import (
    CheckRefusedError,
    ConfigError,
    GlacierError,
    JobError,
    ObjectNotFoundError,
    ParameterError,
    PluginError,
    StorageError,
)
from glacier.pipeline.containers import mapped
from glacier.pipeline.graph import Call, Graph
from glacier.pipeline.handle import Handle, call_of
from glacier.pipeline.pipeline import Pipeline
from glacier.pipeline.task import Task
from glacier.resources.translation import FAILURES
from glacier.scope import current_scope

if TYPE_CHECKING:
    from glacier.resources.bucket import Bucket

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


def check_pipeline(pipeline: Pipeline[..., Any], params: Mapping[str, Any]) -> CheckReport:
    """Check a pipeline; `Pipeline.check` has the contract."""
    return inspect_pipeline(pipeline, params).report


def inspect_pipeline(pipeline: Pipeline[..., Any], params: Mapping[str, Any]) -> "Inspection":
    """Return a pipeline's graph and what its tasks read, write and get wrong."""
    scope = CheckBuildScope(pipeline.name)
    graph = pipeline.build(params, scope)
    inspection = Inspection(graph, CheckReport(pipeline.name), tuple(scope.buckets))
    for call in graph.calls:
        inspection.visit(call)
    inspection.report.warnings = hazards(graph, inspection.report)
    return inspection


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


class _CallError(Exception):
    """Carries the error of a call that can't be carried out, whatever the data."""

    def __init__(self, error: GlacierError) -> None:
        super().__init__(str(error))
        self.error = error


class Inspection:
    """Calls every task in order, each on what the ones before it have returned.

    Attributes:
        graph: What is inspected.
        report: What was found out.
        scanned: The buckets that the pipeline's own function has scanned.
        results: What each call returned on empty frames, by its index.
    """

    def __init__(
        self, graph: Graph, report: CheckReport, scanned: "tuple[Bucket, ...]" = ()
    ) -> None:
        self.graph = graph
        self.report = report
        self.scanned = scanned
        self.results: list[Any] = [call.value for call in graph.calls]
        self._checks: list[TaskCheck | None] = [None] * len(graph.calls)
        self._standings = [_SOUND] * len(graph.calls)
        self._written: list[Written] = []
        self._conversion = Conversion(_no_place)

    def visit(self, call: Call) -> None:
        """Call a task on what the calls before it have returned."""
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
        token = current_scope.set(CheckScope(check, self._written))
        watch = ValueWatch()
        try:
            _check_call(task, args, kwargs)
            with watch:
                prepared = self._conversion.prepared(task, args, kwargs)
                result = prepared.finish(prepared.body(*prepared.args, **prepared.kwargs))
            for frame in frames_in(result):
                frame.collect_schema()
            self.results[call.index] = result
        except (*FAILURES, SystemExit) as error:
            check.looks_at_values = check.looks_at_values or watch.has_looked
            self._judge(check, error, may_differ=may_differ)
        finally:
            current_scope.reset(token)
            check.looks_at_values = check.looks_at_values or watch.has_looked

    def _judge(self, check: TaskCheck, error: BaseException, *, may_differ: bool) -> None:
        if isinstance(error, ObjectNotFoundError):
            is_certain = not (may_differ or check.looks_at_values)
        elif isinstance(error, _CallError):
            is_certain, error = True, error.error
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
            lambda leaf: self.results[call_of(leaf).index] if type(leaf) is Handle else leaf,
        )


def _no_place() -> NoReturn:
    raise CheckRefusedError("frames go through Spark only in a run")


def _check_call(task: Task[..., Any], args: list[Any], kwargs: dict[str, Any]) -> None:
    """Raise an error if a task can't be called like this, or not without its engine."""
    if task.engine == "spark":
        raise CheckRefusedError("it takes frames of Spark, which only a run starts")
    if task.executor is not None:
        try:
            check_call(task, [*args, *kwargs.values()])
        except (JobError, PluginError) as error:
            raise _CallError(error) from error
    signature = inspect.signature(task.function)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        refusal = ParameterError(
            f"Task {task.name!r} takes {signature}; the pipeline calls it otherwise: {error}."
        )
        raise _CallError(refusal) from error
