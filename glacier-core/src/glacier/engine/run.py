"""Runs a pipeline: starts tasks when what they need is there, and settles their writes."""

import time
from collections.abc import Mapping, Sequence
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from glacier.engine.attempt import Attempt
from glacier.engine.body import Bodies, task_error
from glacier.engine.convert import Conversion
from glacier.engine.events import Events
from glacier.engine.failed import Failed, run_error
from glacier.engine.groups import job_groups
from glacier.engine.limits import Limits
from glacier.engine.order import Order
from glacier.engine.pending import PendingWrite
from glacier.engine.remote import RemoteJobs
from glacier.engine.result import Outline, Run, RunStatus, TaskRun, TaskStatus
from glacier.engine.state import TEMPORARY, RunState
from glacier.engine.threads import Threads
from glacier.engine.wire_check import check_runtimes
from glacier.engine.writes import Ledger
from glacier.errors import PipelineError
from glacier.pipeline.build_scope import BuildScope
from glacier.pipeline.graph import Graph
from glacier.pipeline.pipeline import Pipeline
from glacier.pipeline.task import Task
from glacier.plugins import Plugins
from glacier.resources.translation import FAILURES
from glacier.scope import Scope, current_scope

if TYPE_CHECKING:
    from glacier.engine.task_scope import TaskScope

_VERBS = {TaskStatus.FAILED: "failed", TaskStatus.CANCELLED: "was cancelled"}


def run_pipeline(pipeline: Pipeline[..., Any], params: Mapping[str, Any]) -> Run:
    """Run a pipeline and return the finished run; `Pipeline.run` has the contract."""
    surrounding = current_scope.get()
    if surrounding is not None:
        surrounding.before_effect(f"run {pipeline!r}")
    scope = BuildScope(pipeline.name)
    graph = pipeline.build(params, scope)
    groups = job_groups(graph)
    check_runtimes(graph.calls[index] for group in groups for index in group)
    scanned = frozenset(scope.scanned)
    execution = Execution(
        graph,
        {call.index: scanned for call in graph.calls if call.value is not None},
        limits=Limits(pipeline.max_joint_sinks, pipeline.max_workers),
        surrounding=surrounding,
        groups=groups,
    )
    execution.execute()
    return execution.concluded()


class Execution:
    """One run in progress.

    Args:
        graph: What is to be run.
        origins: The places that the values would read which it starts with.
        limits: How much is done at a time.
        surrounding: The task of another run in which this one runs, if any.
        groups: The calls that travel to an executor together.
        conversion: Makes frames of the kinds that tasks ask for; as this machine can where None.
        plugins: Whose observers are told; all that are installed where None.

    Attributes:
        run: What becomes of it.
        state: What its threads share.
    """

    def __init__(
        self,
        graph: Graph,
        origins: Mapping[int, frozenset[str]],
        *,
        limits: Limits,
        surrounding: Scope | None = None,
        groups: Sequence[tuple[int, ...]] = (),
        conversion: Conversion | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        self._graph = graph
        self._calls = graph.calls
        self._records = [TaskRun(call.name) for call in graph.calls]
        self.run = Run(
            graph.name,
            tasks={c.name: self._records[c.index] for c in graph.calls if c.task is not None},
            outline=Outline.of(graph.calls),
        )
        self.state = RunState.of(graph, origins)
        self._ledger = Ledger(
            self.state,
            most_joint=limits.joint_sinks,
            on_settled=self._on_settled,
            surrounding=surrounding,
        )
        self.run.settles = self._ledger.settles
        conversion = conversion or Conversion(self.state.temporary.new_place)
        self._bodies = Bodies(self.state, self._ledger, conversion)
        self._events = Events(self.run, plugins)
        self._context = copy_context()
        self._threads = Threads(self._advance, limits.workers)
        self._failed = Failed(graph.calls, self._records)
        self._order = Order(graph.calls, groups)
        self._jobs = RemoteJobs(self.run, self.state, self._ledger, limits) if groups else None

    def execute(self) -> None:
        """Run every task and settle its writes; `run.tasks` says how it went."""
        started = time.perf_counter()
        self._events.run_started()
        try:
            self._schedule()
            self._ledger.settle(lambda _: True, reason="the end of the run")
        except BaseException as error:
            self.run.status = RunStatus.FAILED
            self.run.error = error
            self.state.give_up()
            if self._jobs is not None:
                self._jobs.dispatch.cancel_now(f"the run was interrupted by {type(error).__name__}")
            self._ledger.drop()
            self.state.temporary.remove()
            raise
        finally:
            self._threads.close()
            self.run.duration_seconds = time.perf_counter() - started
            self.run.settle_seconds += self._ledger.seconds
            if self.run.status is RunStatus.FAILED:
                self._events.run_finished()

    def concluded(self) -> Run:
        """Return the executed run with its result.

        Raises:
            RunError: A task failed.
        """
        run, errors, broken = self.run, self.run.errors, self.state.broken
        told = {error.__cause__ for error in errors.values()}
        untold = [error for error in broken.values() if error not in told]
        if errors or broken:
            run.status = RunStatus.FAILED
            run.error = untold[0] if untold else None
            self.state.temporary.remove()
        else:
            run.result = self.state.value_of(self._graph.result)
            run.status = RunStatus.SUCCEEDED
            self._keep_temporary()
        if self._jobs is not None:
            self._jobs.dispatch.conclude(self.state.origins_of_result())
        self._events.run_finished()
        if run.status is RunStatus.FAILED:
            raise run_error(run, [*errors.values(), *untold])
        return run

    def _keep_temporary(self) -> None:
        """Keep temporary files, until the run is closed, if its result still reads any."""
        if TEMPORARY in self.state.origins_of_result():
            self.state.temporary.outlast()
            self.run.on_close(self.state.temporary.remove)
        else:
            self.state.temporary.remove()

    def _schedule(self) -> None:
        """Start every call once what it needs is there; returns when all have ended.

        A lone ready task runs on this thread; several run in threads, until one or none is left.
        """
        ready = self._order.first()
        while ready:
            if len(ready) == 1 and self._runs_here(ready[0]):
                ready = self._advance(ready[0])
            else:
                ready = self._threads.run(ready)

    def _runs_here(self, index: int) -> bool:
        task = self._calls[index].task
        return task is None or index in self._order.groups or task.runs_inline

    def _advance(self, index: int) -> list[int]:
        """Carry out one call, or skip it, and return the calls that it makes ready."""
        group = self._order.groups.get(index)
        if self._calls[index].task is None:
            self._records[index].status = TaskStatus.WRITING
        elif group is not None:
            self._context.copy().run(self._travel, group)
        elif self._may_start(index):
            self._context.copy().run(self._work, index)
        with self.state.lock:
            return self._order.done(index)

    def _may_start(self, index: int) -> bool:
        """Settle what the task depends on; skip it if something that it needs has failed."""
        call = self._calls[index]
        task = call.task
        if task is not None and task.depends_on and self._ledger.pending:
            awaited = {one.name if isinstance(one, Task) else one for one in task.depends_on}
            reason = f"{call.name} depends on it"
            self._ledger.settle(lambda one: _is_by(one, awaited), reason=reason)
        failed = self._failed.needed_by(call)
        if failed is None:
            return True
        self._skip(index, failed)
        return False

    def _skip(self, index: int, because_of: int) -> None:
        record, cause = self._records[index], self._records[because_of]
        record.status = TaskStatus.SKIPPED
        record.error = PipelineError(
            f"Task {record.name!r} was skipped: it depends on {cause.name!r}, which "
            f"{_VERBS.get(cause.status, 'was skipped')}."
        )
        self.state.release(self._calls[index])
        self._events.task_finished(record)

    def _travel(self, group: tuple[int, ...]) -> None:
        """Run calls as one job on their executor, without those that need what has failed."""
        assert self._jobs is not None  # there are groups
        # Over there one sees only what is committed.
        self._ledger.settle(lambda _: True, reason="a job was to leave")
        ready: dict[int, TaskScope] = {}
        for index in group:
            failed = self._failed.needed_by(self._calls[index], fine=ready)
            if failed is not None:
                self._skip(index, failed)
                continue
            record = self._records[index]
            record.status = TaskStatus.RUNNING
            if self._events.observes_tasks:
                self._events.task_started(record)
            attempt = self._jobs.begin(self._calls[index], record)
            if attempt is None:
                self._ended(record)
            else:
                ready[index] = attempt
        if ready:
            self._jobs.carry_out(list(ready.values()))
        for index in ready:
            self._ended(self._records[index])

    def _work(self, index: int) -> None:
        """Run a task's body and note how it ended; its writes are pending then."""
        call, record = self._calls[index], self._records[index]
        task = call.task
        assert task is not None  # joints have no body
        record.status = TaskStatus.RUNNING
        if self._events.observes_tasks:
            self._events.task_started(record)
        started = time.perf_counter()
        record.started_seconds = started - self.state.began
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
            self.state.release(call)
        self._ended(record)

    def _note_writes(self, attempt: Attempt) -> None:
        """Have a task whose body is done wait for its writes, or end if all are settled."""
        with self.state.lock:
            attempt.record.status = TaskStatus.WRITING
            if not self._ledger.has(attempt):
                self._on_settled(attempt)

    def _on_settled(self, attempt: Attempt) -> None:
        record, error = attempt.record, attempt.write_error
        if record.status is not TaskStatus.WRITING:
            return  # its thread has yet to note that the body is done
        record.status = TaskStatus.SUCCEEDED if error is None else TaskStatus.FAILED
        record.error = error
        self._ended(record)

    def _ended(self, record: TaskRun) -> None:
        """Tell that a task has ended; if it failed, the jobs of the others are not worth it."""
        if self._jobs is not None and record.status is TaskStatus.FAILED:
            self._jobs.dispatch.cancel(f"task {record.name!r} failed")
        if self._events.observes_tasks:
            self._events.task_finished(record)


def _is_by(pending: PendingWrite, names: set[str]) -> bool:
    task = pending.attempt.call.task
    return task is not None and task.name in names
