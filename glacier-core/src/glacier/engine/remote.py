"""The caller's side of jobs: sends calls to their executor and brings their results back."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from glacier.adapters import ScriptJob
from glacier.engine.follow import Follower
from glacier.engine.leftovers import RunRecord
from glacier.engine.limits import Limits
from glacier.engine.result import JobRun, RunStatus, TaskRun, TaskStatus
from glacier.engine.retry import retrying
from glacier.engine.task_scope import TaskScope
from glacier.engine.travel import MAIN, Delivery, Luggage, Outcome, luggage_of
from glacier.engine.wire_check import check_types
from glacier.errors import JobDiedError, JobError, PipelineError, TaskError
from glacier.job_status import JobStatus
from glacier.resources.translation import FAILURES
from glacier.storage import overlaps, place_of

if TYPE_CHECKING:
    from glacier.engine.result import Run
    from glacier.engine.state import RunState
    from glacier.engine.writes import Ledger
    from glacier.pipeline.graph import Call
    from glacier.resources import Bucket, Executor


class RemoteJobs:
    """The jobs of one run.

    Args:
        run: The run, where jobs are noted.
        state: The run's state.
        ledger: The run's pending writes.
        limits: How much each job does at a time.
    """

    def __init__(self, run: "Run", state: "RunState", ledger: "Ledger", limits: Limits) -> None:
        self._run = run
        self._state = state
        self._ledger = ledger
        self._limits = limits
        self._record = RunRecord(run)
        self._places: list[Bucket] = []
        self._followers: dict[str, Follower] = {}
        self._unwanted = threading.Event()
        self._reason = ""

    def run_group(self, calls: "Sequence[Call]", records: Sequence[TaskRun]) -> None:
        """Run calls as one job; how each of them ended is noted in its record.

        Args:
            calls: Calls of one executor, whose needs outside of them are met.
            records: Their records.
        """
        attempts = [
            TaskScope(call, record, self._state, self._ledger)
            for call, record in zip(calls, records, strict=True)
        ]
        try:
            for attempt in attempts:
                self._state.begin(attempt)
            outcome = self._carried_out(calls)
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
        self._run.settle_seconds += outcome.settle_seconds
        indexes = {call.index for call in calls}
        with self._state.lock:
            self._state.note_replaced(outcome.replaced, indexes, repr(_executor_of(calls)))

    def cancel(self, reason: str) -> None:
        """Have all jobs stopped, and no more submitted; returns at once."""
        self._reason = self._reason or reason
        self._unwanted.set()

    def cancel_now(self, reason: str) -> None:
        """Stop all jobs before this returns, for a process that is about to end."""
        self.cancel(reason)
        for follower in list(self._followers.values()):
            follower.cancel()
        self._record.remove()

    def conclude(self, origins: frozenset[str]) -> None:
        """Clear staging after the run: of all but what its result still reads, if it succeeded.

        Args:
            origins: The places that the run's result would read.
        """
        self._record.remove()
        if self._run.status is not RunStatus.SUCCEEDED:
            return
        for place in self._places:
            own = place_of(place.adapter.location())
            kept = tuple(one for one in origins if overlaps(one, own))
            if kept:
                _remove_all_but(place, kept)
                self._run.on_close(place.delete)
            else:
                place.delete()

    def _carried_out(self, calls: "Sequence[Call]") -> Outcome:
        """Return what a job brings back; one that dies is submitted again as its tasks allow."""
        executor = _executor_of(calls)
        luggage = luggage_of(calls, self._state, self._limits)
        names = tuple(call.name for call in calls)
        tasks = [call.task for call in calls if call.task is not None]
        for attempt in retrying(max(tasks, key=lambda task: task.retries), only=JobDiedError):
            with attempt:
                outcome = self._one_job(executor, luggage, names)
        return outcome

    def _one_job(self, executor: "Executor", luggage: Luggage, names: tuple[str, ...]) -> Outcome:
        from glacier.jobs.result import read_result
        from glacier.jobs.staging import new_place, staging_of
        from glacier.jobs.submit import died

        self._refuse_if_unwanted()
        if executor.adapter.engine == "spark":
            check_types(luggage)
        place = new_place(staging_of(executor.provider))
        self._places.append(place)
        job = self._submitted(executor, luggage, names, place)
        follower = Follower(executor.adapter, job, self._unwanted)
        self._followers[job.job_id] = follower
        try:
            status = follower.follow()
        finally:
            del self._followers[job.job_id]
        if status is not JobStatus.SUCCEEDED:
            self._refuse_if_unwanted()
        if status is JobStatus.CANCELLED:
            raise JobError(
                f"The job {job.job_id} on {executor!r} was cancelled from outside of this run.",
                job_id=job.job_id,
            )
        found = read_result(place)
        if found is None:
            raise died(executor.adapter, job.job_id, status, place)
        if found.error is not None:
            raise found.error
        assert isinstance(found.value, Outcome)
        return found.value

    def _submitted(
        self, executor: "Executor", luggage: Luggage, names: tuple[str, ...], place: "Bucket"
    ) -> JobRun:
        from glacier.jobs.package import ENTRYPOINT, write_package

        package = write_package(place, luggage, MAIN, engine=executor.adapter.engine)
        job_id = executor.adapter.submit_job(
            ScriptJob(
                script=ENTRYPOINT,
                args=package.args,
                requirements=package.requirements,
                name=f"{self._run.pipeline}: {', '.join(names)}",
            )
        )
        job = JobRun(job_id, executor.name, names, place.get_uri())
        self._run.jobs.append(job)
        self._record.note(executor, job)
        return job

    def _refuse_if_unwanted(self) -> None:
        if self._unwanted.is_set():
            raise _UnwantedError(f"its job was cancelled: {self._reason}")

    def _take(self, attempt: TaskScope, delivery: Delivery) -> None:
        """Note how a call ended over there, and keep what it returned."""
        from glacier.jobs.transfer import unpack

        record = attempt.record
        record.attempts += delivery.attempts
        record.duration_seconds += delivery.duration_seconds
        record.reads, record.writes = delivery.reads, delivery.writes
        record.status = delivery.status
        if delivery.status is TaskStatus.SUCCEEDED:
            attempt.origins = delivery.origins
            value = None if delivery.packed is None else unpack(delivery.packed)
            self._state.finish(attempt, value, is_temporary=False)
            return
        where = repr(_executor_of([attempt.call]))
        if delivery.failure is not None:
            record.error = delivery.failure.as_error(attempt.call.name, where)
        else:
            record.error = PipelineError(
                f"Task {record.name!r} was skipped on {where}: something it depends on failed."
            )
        self._state.end(attempt)
        self._state.release(attempt.call)

    def _fail(self, attempt: TaskScope, error: BaseException) -> None:
        """Note that a call's job has failed as a whole."""
        record = attempt.record
        is_unwanted = isinstance(error, _UnwantedError)
        record.status = TaskStatus.CANCELLED if is_unwanted else TaskStatus.FAILED
        shown = str(error) if is_unwanted else f"{type(error).__name__}: {error}"
        verb = "was cancelled" if is_unwanted else "failed"
        executor = _executor_of([attempt.call])
        record.error = TaskError(
            f"Task {record.name!r} {verb} on {executor!r}: {shown}",
            task=record.name,
            culprit=getattr(error, "culprit", record.name),
        )
        record.error.__cause__ = error
        self._state.end(attempt)
        self._state.release(attempt.call)


class _UnwantedError(JobError):
    """A job whose result nobody needs any more."""


def _executor_of(calls: "Sequence[Call]") -> "Executor":
    task = calls[0].task
    assert task is not None
    assert task.executor is not None  # that is why they travel
    return task.executor


def _remove_all_but(place: "Bucket", kept: Sequence[str]) -> None:
    """Remove a job's files, without those below the places that are kept."""
    filesystem, own = place.filesystem, place_of(place.adapter.location())
    paths = [f"/{path}" if own.startswith("/") else path for path in filesystem.find(own)]
    paths = [path.replace("//", "/") for path in paths]
    unused = [path for path in paths if not any(overlaps(path, one) for one in kept)]
    if unused:
        filesystem.rm(unused)
