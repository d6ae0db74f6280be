"""What a run would do, found out without doing it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from glacier.engine.check import inspect_pipeline
from glacier.engine.check_report import CheckReport, CheckStatus, TaskCheck
from glacier.engine.joint import joint_groups
from glacier.engine.task_scope import place_of_bucket
from glacier.pipeline.graph import Graph
from glacier.pipeline.pipeline import Pipeline
from glacier.pipeline.task import Task
from glacier.resources.write import Write
from glacier.storage import overlaps


@dataclass(frozen=True, slots=True, eq=False)
class TaskStep:
    """That a task's body runs.

    Attributes:
        name: The call's name.
        after: The names of the calls that it waits for.
        reads: The URIs that it scans or reads.
        writes: The URIs that it writes, each with its mode.
        note: Why it could not be looked into; empty if it could.
    """

    name: str
    after: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    note: str = ""

    def __str__(self) -> str:
        lines = [f"task {self.name}" + (f"  (after {', '.join(self.after)})" if self.after else "")]
        lines += [f"  reads  {uri}" for uri in self.reads]
        lines += [f"  writes {uri}" for uri in self.writes]
        if self.note:
            lines.append(f"  not known: {self.note}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, eq=False)
class SettleStep:
    """That pending writes are executed and committed.

    Attributes:
        reason: What makes it happen here.
        queries: The URIs that are written by one query, for every query.
    """

    reason: str
    queries: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [f"settle  ({self.reason})"]
        lines += [f"  one query: {', '.join(uris)}" for uris in self.queries]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The steps of a run, in one possible order.

    Attributes:
        pipeline: The pipeline's name.
        steps: Bodies of tasks, and settles of their writes.
        check: What was found out on the way.
    """

    pipeline: str
    steps: tuple[TaskStep | SettleStep, ...]
    check: CheckReport

    def __str__(self) -> str:
        return "\n".join([f"Plan of {self.pipeline!r}", *map(str, self.steps)])

    def __repr__(self) -> str:
        return str(self)


def plan_pipeline(pipeline: Pipeline[..., Any], params: Mapping[str, Any]) -> Plan:
    """Plan a pipeline; `Pipeline.plan` has the contract."""
    graph, report = inspect_pipeline(pipeline, params)
    steps: list[TaskStep | SettleStep] = []
    pending: list[tuple[TaskCheck, Write]] = []
    for call in graph.tasks:
        assert call.task is not None  # `tasks` has only calls of tasks
        check = report.tasks[call.name]
        reason = _reason_to_settle(call.task, check, pending)
        if reason:
            steps.append(_settle(reason, pending, pipeline.max_joint_sinks))
            pending.clear()
        steps.append(_task_step(graph, call.index, check))
        pending += [(check, write) for write in check.writes]
    if pending:
        steps.append(_settle("end of the run", pending, pipeline.max_joint_sinks))
    return Plan(pipeline.name, tuple(steps), report)


def _reason_to_settle(
    task: Task[..., Any], check: TaskCheck, pending: list[tuple[TaskCheck, Write]]
) -> str:
    awaited = {one.name if isinstance(one, Task) else one for one in task.depends_on}
    for by, write in pending:
        if by.name.partition("#")[0] in awaited:
            return f"{check.name} depends on {by.name}"
        for bucket in check.reads:
            if overlaps(place_of_bucket(write.bucket), place_of_bucket(bucket)):
                return f"{check.name} reads {bucket.get_uri()}"
    return ""


def _settle(reason: str, pending: list[tuple[TaskCheck, Write]], most: int) -> SettleStep:
    writes = [write for _, write in pending]
    # No target is written: only the optimiser looks at these sinks.
    sinks = [
        write.frame.sink_parquet(f"{index}.parquet", lazy=True)
        for index, write in enumerate(writes)
    ]
    groups = joint_groups(sinks, most=most)
    return SettleStep(
        reason, tuple(tuple(writes[i].bucket.get_uri() for i in group) for group in groups)
    )


def _task_step(graph: Graph, index: int, check: TaskCheck) -> TaskStep:
    call = graph.calls[index]
    needs = dict.fromkeys([*call.data, *call.after])
    note = "" if check.status is CheckStatus.OK else str(check.error).splitlines()[0]
    return TaskStep(
        check.name,
        tuple(graph.calls[i].name for i in needs),
        tuple(dict.fromkeys(bucket.get_uri() for bucket in check.reads)),
        tuple(f"{write.bucket.get_uri()} ({write.request.mode})" for write in check.writes),
        note,
    )
