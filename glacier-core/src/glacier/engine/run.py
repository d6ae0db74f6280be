"""Runs a pipeline: starts tasks when what they need is there, and settles their writes."""

import time
from collections.abc import Mapping
from contextvars import copy_context
from typing import Any

from glacier.engine.attempt import Attempt
from glacier.engine.body import Bodies, task_error
from glacier.engine.events import Events
from glacier.engine.pending import PendingWrite
from glacier.engine.result import Run, RunStatus, TaskRun, TaskStatus
from glacier.engine.state import RunState
from glacier.engine.threads import Threads
from glacier.engine.writes import Ledger
from glacier.errors import PipelineError, RunError
from glacier.pipeline.build_scope import BuildScope
from glacier.pipeline.graph import Graph
from glacier.pipeline.pipeline import Pipeline
from glacier.pipeline.task import Task
from glacier.resources.translation import FAILURES
from glacier.scope import Scope, current_scope

_FINE = frozenset({TaskStatus.SUCCEEDED, TaskStatus.WRITING})


def run_pipeline(pipeline: Pipeline[..., Any], params: Mapping[str, Any]) -> Run:
    """Run a pipeline and return the finished run; `Pipeline.run` has the contract."""
    surrounding = current_scope.get()
    if surrounding is not None:
        surrounding.before_effect(f"run {pipeline!r}")
    scope = BuildScope(pipeline.name)
    graph = pipeline.build(params, scope)
    return _Execution(pipeline, graph, scope.scanned, surrounding).execute()


class _Execution:
    """One run in progress."""

    def __init__(
        self,
        pipeline: Pipeline[..., Any],
        graph: Graph,
        scanned: set[str],
        surrounding: Scope | None,
    ) -> None:
        self._graph = graph
        self._calls = graph.calls
        self._records = [TaskRun(call.name) for call in graph.calls]
        self._run = Run(
            pipeline.name,
            tasks={c.name: self._records[c.index] for c in graph.calls if c.task is not None},
        )
        self._state = RunState.of(graph, scanned)
        self._ledger = Ledger(
            self._state,
            most_joint=pipeline.max_joint_sinks,
            on_settled=self._on_settled,
            surrounding=surrounding,
        )
        self._bodies = Bodies(self._state, self._ledger)
        self._events = Events(self._run)
        self._context = copy_context()
        self._threads = Threads(self._advance, pipeline.max_workers)
        self._failed_in_joint: dict[int, int | None] = {}
        self._waiting = [len(call.data) + len(call.after) for call in graph.calls]
        self._children: list[list[int] | None] = [None] * len(graph.calls)
        for call in graph.calls:
            for index in (*call.data, *call.after):
                children = self._children[index]
                if children is None:
                    self._children[index] = [call.index]
                else:
                    children.append(call.index)

    def execute(self) -> Run:
        started = time.perf_counter()
        self._events.run_started()
        try:
            self._schedule()
            self._ledger.settle(lambda _: True)
        except BaseException:
            self._run.status = RunStatus.FAILED
            self._state.give_up()
            self._ledger.drop()
            self._state.temporary.remove()
            raise
        finally:
            self._threads.close()
            self._run.duration_seconds = time.perf_counter() - started
            self._run.settle_seconds = self._ledger.seconds
            if self._run.status is RunStatus.FAILED:
                self._events.run_finished()
        self._conclude()
        return self._run

    def _conclude(self) -> None:
        run, errors = self._run, self._run.errors
        broken = self._state.broken
        if not errors and not broken:
            run.result = self._state.value_of(self._graph.result)
            run.status = RunStatus.SUCCEEDED
        else:
            run.status = RunStatus.FAILED
        if run.status is RunStatus.SUCCEEDED and self._state.result_is_temporary():
            self._state.temporary.outlast()
            run._on_close = self._state.temporary.remove  # noqa: SLF001 - the engine makes runs
        else:
            self._state.temporary.remove()
        self._events.run_finished()
        if run.status is RunStatus.FAILED:
            told = {error.__cause__ for error in errors.values()}
            raise _failure(run, [*errors.values(), *(e for e in broken.values() if e not in told)])

    def _schedule(self) -> None:
        """Start every call once what it needs is there; returns when all have ended.

        A lone ready task runs on this thread; several run in threads, until one or none is left.
        """
        ready = [index for index, count in enumerate(self._waiting) if count == 0]
        while ready:
            if len(ready) == 1 and self._runs_here(ready[0]):
                ready = self._advance(ready[0])
            else:
                ready = self._threads.run(ready)

    def _runs_here(self, index: int) -> bool:
        task = self._calls[index].task
        return task is None or task.runs_inline

    def _advance(self, index: int) -> list[int]:
        """Carry out one call, or skip it, and return the calls that it makes ready."""
        record = self._records[index]
        if self._calls[index].task is None:
            record.status = TaskStatus.WRITING
        elif self._may_start(index):
            self._context.copy().run(self._work, index)
        children = self._children[index]
        if children is None:
            return []
        ready = []
        with self._state.lock:
            for child in children:
                self._waiting[child] -= 1
                if self._waiting[child] == 0:
                    ready.append(child)
        return ready

    def _may_start(self, index: int) -> bool:
        """Settle what the task depends on; skip it if something that it needs has failed."""
        call = self._calls[index]
        task = call.task
        if task is not None and task.depends_on and self._ledger.pending:
            awaited = {one.name if isinstance(one, Task) else one for one in task.depends_on}
            self._ledger.settle(lambda one: _is_by(one, awaited))
        failed = self._first_failed((*call.after, *call.data))
        if failed is None:
            return True
        self._skip(index, failed)
        return False

    def _first_failed(self, indexes: tuple[int, ...]) -> int | None:
        """Return the index of the first of these calls, or of those joined by them, that failed."""
        for index in indexes:
            if self._calls[index].after and self._calls[index].task is None:
                self._look_through_joint(index)
                if self._failed_in_joint[index] is not None:
                    return self._failed_in_joint[index]
            elif self._records[index].status not in _FINE:
                return index
        return None

    def _look_through_joint(self, index: int) -> None:
        """Find out, once for all, whether a call gathered by a joint or one before it failed."""
        joints = []
        while index not in self._failed_in_joint:
            joints.append(index)
            first = self._calls[index].after[0]
            if self._calls[first].task is not None:
                break
            index = first
        for joint in reversed(joints):
            self._failed_in_joint[joint] = self._first_failed(self._calls[joint].after)

    def _skip(self, index: int, because_of: int) -> None:
        record, cause = self._records[index], self._records[because_of]
        record.status = TaskStatus.SKIPPED
        verb = "failed" if cause.status is TaskStatus.FAILED else "was skipped"
        record.error = PipelineError(
            f"Task {record.name!r} was skipped: it depends on {cause.name!r}, which {verb}."
        )
        self._state.release(self._calls[index])
        self._events.task_finished(record)

    def _work(self, index: int) -> None:
        """Run a task's body and note how it ended; its writes are pending then."""
        call, record = self._calls[index], self._records[index]
        task = call.task
        assert task is not None  # joints have no body
        record.status = TaskStatus.RUNNING
        if self._events.observes_tasks:
            self._events.task_started(record)
        started = time.perf_counter()
        try:
            attempt = self._bodies.run(call, task, record)
            record.duration_seconds = time.perf_counter() - started
            if self._ledger.pending or attempt.write_error is not None:
                self._note_writes(attempt)
                return
            record.status = TaskStatus.SUCCEEDED
        except (*FAILURES, SystemExit) as error:
            record.duration_seconds = time.perf_counter() - started
            record.status = TaskStatus.FAILED
            record.error = task_error(call, error)
            self._state.release(call)
        if self._events.observes_tasks:
            self._events.task_finished(record)

    def _note_writes(self, attempt: Attempt) -> None:
        """Have a task whose body is done wait for its writes, or end if all are settled."""
        with self._state.lock:
            attempt.record.status = TaskStatus.WRITING
            if not self._ledger.has(attempt):
                self._on_settled(attempt)

    def _on_settled(self, attempt: Attempt) -> None:
        record, error = attempt.record, attempt.write_error
        if record.status is not TaskStatus.WRITING:
            return  # its thread has yet to note that the body is done
        record.status = TaskStatus.SUCCEEDED if error is None else TaskStatus.FAILED
        record.error = error
        self._events.task_finished(record)


def _is_by(pending: PendingWrite, names: set[str]) -> bool:
    task = pending.attempt.call.task
    return task is not None and task.name in names


def _failure(run: Run, errors: list[BaseException]) -> RunError:
    skipped = [name for name, task in run.tasks.items() if task.status is TaskStatus.SKIPPED]
    told = "".join(f"\n  {error}" for error in errors)
    rest = f"\n  skipped: {', '.join(skipped)}" if skipped else ""
    failure = RunError(f"Pipeline {run.pipeline!r} failed.{told}{rest}", run=run)
    failure.__cause__ = errors[0]
    return failure
