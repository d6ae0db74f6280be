"""What a run would do, found out without doing it."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from glacier.engine.check import Inspection, inspect_pipeline
from glacier.engine.check_report import CheckReport, CheckStatus, TaskCheck
from glacier.engine.groups import job_groups
from glacier.engine.joint import joint_groups
from glacier.engine.order import Order
from glacier.engine.plan_jobs import takes_of
from glacier.engine.plan_steps import JobStep, SettleStep, Step, TaskStep
from glacier.engine.state import handles_in
from glacier.engine.task_scope import place_of_bucket
from glacier.pipeline.graph import Graph
from glacier.pipeline.handle import call_of
from glacier.pipeline.pipeline import Pipeline
from glacier.pipeline.task import Task
from glacier.resources.write import Write
from glacier.storage import overlaps


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """The steps of a run, in one possible order.

    Attributes:
        pipeline: The pipeline's name.
        steps: Bodies of tasks, jobs on executors, and settles of writes.
        check: What was found out on the way.
    """

    pipeline: str
    steps: tuple[Step, ...]
    check: CheckReport

    def __str__(self) -> str:
        return "\n".join([f"Plan of {self.pipeline!r}", *map(str, self.steps)])

    def __repr__(self) -> str:
        return str(self)


def plan_pipeline(pipeline: Pipeline[..., Any], params: Mapping[str, Any]) -> Plan:
    """Plan a pipeline; `Pipeline.plan` has the contract."""
    inspection = inspect_pipeline(pipeline, params)
    graph, report = inspection.graph, inspection.report
    steps: list[Step] = []
    pending: list[tuple[TaskCheck, Write]] = []

    def settle(reason: str) -> None:
        if reason and pending:
            steps.append(_settle(reason, pending, pipeline.max_joint_sinks))
            pending.clear()

    for group, is_job in _in_order(graph):
        if is_job:
            step = _job_step(inspection, group)
            settle(f"a job leaves for {step.executor}")
            steps.append(step)
            continue
        call = graph.calls[group[0]]
        if call.task is not None:
            check = report.tasks[call.name]
            settle(_reason_to_settle(call.task, check, pending))
            steps.append(_task_step(graph, call.index, check))
            pending += [(check, write) for write in check.writes]
    settle("end of the run")
    return Plan(pipeline.name, tuple(steps), report)


def _in_order(graph: Graph) -> Iterator[tuple[tuple[int, ...], bool]]:
    """Yield calls that run together, and whether that is a job: each after what it needs."""
    order = Order(graph.calls, job_groups(graph))
    ready = order.first()
    heapq.heapify(ready)
    while ready:
        index = heapq.heappop(ready)
        yield order.groups.get(index, (index,)), index in order.groups
        for made_ready in order.done(index):
            heapq.heappush(ready, made_ready)


def _job_step(inspection: Inspection, group: tuple[int, ...]) -> JobStep:
    graph, tasks = inspection.graph, inspection.report.tasks
    needed = {index for call in graph.calls if call.index not in group for index in call.data}
    needed |= {call_of(handle).index for handle in handles_in(graph.result)}
    first = graph.calls[group[0]].task
    assert first is not None
    assert first.executor is not None
    return JobStep(
        repr(first.executor),
        tuple(_task_step(graph, index, tasks[graph.calls[index].name]) for index in group),
        takes_of(inspection, group),
        tuple(graph.calls[index].name for index in group if index in needed),
    )


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
