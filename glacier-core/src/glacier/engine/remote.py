"""The caller's side of jobs: what becomes of the calls that travel to an executor together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from glacier.config.base import at_home
from glacier.engine.dispatch import Dispatch, UnwantedJobError
from glacier.engine.limits import Limits
from glacier.engine.result import TaskRun, TaskStatus
from glacier.engine.retry import retrying
from glacier.engine.task_scope import TaskScope
from glacier.engine.travel import Delivery, Outcome, luggage_of
from glacier.errors import JobDiedError, PipelineError, TaskError
from glacier.resources.translation import FAILURES

if TYPE_CHECKING:
    from glacier.engine.result import Run
    from glacier.engine.state import RunState
    from glacier.engine.writes import Ledger
    from glacier.pipeline.graph import Call
    from glacier.resources import Executor


class RemoteJobs:
    """The calls of one run that are carried out by jobs.

    Args:
        run: The run, where jobs are noted.
        state: The run's state.
        ledger: The run's pending writes.
        limits: How much each job does at a time.

    Attributes:
        dispatch: The jobs themselves, to stop them and to clear up after them.
    """

    def __init__(self, run: "Run", state: "RunState", ledger: "Ledger", limits: Limits) -> None:
        self._run = run
        self._state = state
        self._ledger = ledger
        self._limits = limits
        self.dispatch = Dispatch(run)

    def begin(self, call: "Call", record: TaskRun) -> TaskScope | None:
        """Open an attempt at a call; None if it can't begin, which its record says then.

        From now on nothing replaces what the call's frames would read.
        """
        attempt = TaskScope(call, record, self._state, self._ledger)
        try:
            self._state.begin(attempt)
        except FAILURES as error:
            self._fail(attempt, error)
            return None
        return attempt

    def carry_out(self, attempts: Sequence[TaskScope]) -> None:
        """Run calls as one job; how each of them ended is noted in its record.

        Args:
            attempts: What `begin` has returned for calls of one executor, in order.
        """
        try:
            outcome = self._carried_out(attempts)
        except (*FAILURES, SystemExit) as error:
            for attempt in attempts:
                self._fail(attempt, error)
            return
        except BaseException:
            for attempt in attempts:
                self._state.end(attempt)
            raise
        for attempt in attempts:
            self._take(attempt, outcome.deliveries[attempt.call.name])
        by = {attempt.call.index for attempt in attempts}
        where = repr(_executor_of(attempts[0].call))
        with self._state.lock:  # first, they let go of what they read themselves
            self._state.note_replaced(outcome.replaced, where, by)
            self._ledger.note_replaced(outcome.replaced, where)
            self._run.settle_seconds += outcome.settle_seconds
            self._ledger.note_settles(outcome.settles, where)

    def _carried_out(self, attempts: Sequence[TaskScope]) -> Outcome:
        """Return what a job brings back; one that dies is submitted again if all its tasks may.

        Any of them may have been at work when it died.
        """
        calls = [attempt.call for attempt in attempts]
        luggage = luggage_of(calls, self._state, self._limits)
        names = tuple(call.name for call in calls)
        tasks = [call.task for call in calls if call.task is not None]
        for again in retrying(min(tasks, key=lambda task: task.retries), only=JobDiedError):
            with again:
                try:
                    outcome = self.dispatch.carry_out(_executor_of(calls[0]), luggage, names)
                except JobDiedError:
                    for attempt in attempts:
                        attempt.record.attempts += 1
                    raise
        return outcome

    def _take(self, attempt: TaskScope, delivery: Delivery) -> None:
        """Note how a call ended over there, and keep what it returned."""
        from glacier.jobs.transfer import unpack

        record = attempt.record
        record.attempts += delivery.attempts
        record.duration_seconds += delivery.duration_seconds
        record.reads, record.writes = delivery.reads, delivery.writes
        record.rows_read = delivery.rows_read
        if delivery.status is TaskStatus.SUCCEEDED:
            attempt.origins = delivery.origins
            try:
                with at_home(_executor_of(attempt.call).provider.config):
                    value = None if delivery.packed is None else unpack(delivery.packed)
            except FAILURES as error:  # classes of users decide themselves what it raises
                self._fail(attempt, error)
                return
            record.status = delivery.status
            self._state.finish(attempt, value, is_temporary=False)
            return
        record.status = delivery.status
        where = repr(_executor_of(attempt.call))
        if delivery.failure is not None:
            record.error = delivery.failure.as_error(attempt.call.name, where)
        else:
            record.error = PipelineError(
                f"Task {record.name!r} was skipped on {where}: something it depends on failed."
            )
        self._state.end(attempt)
        self._state.release(attempt.call)

    def _fail(self, attempt: TaskScope, error: BaseException) -> None:
        """Note that a call's job has failed as a whole, or could not begin."""
        record = attempt.record
        is_unwanted = isinstance(error, UnwantedJobError)
        record.status = TaskStatus.CANCELLED if is_unwanted else TaskStatus.FAILED
        shown = str(error) if is_unwanted else f"{type(error).__name__}: {error}"
        verb = "was cancelled" if is_unwanted else "failed"
        record.error = TaskError(
            f"Task {record.name!r} {verb} on {_executor_of(attempt.call)!r}: {shown}",
            task=record.name,
            culprit=getattr(error, "culprit", record.name),
        )
        record.error.__cause__ = error
        self._state.end(attempt)
        self._state.release(attempt.call)


def _executor_of(call: "Call") -> "Executor":
    assert call.task is not None
    assert call.task.executor is not None  # that is why it travels
    return call.task.executor
