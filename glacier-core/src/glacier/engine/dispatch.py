"""Sends a run's jobs to their executors, waits for what they bring back, and stops them."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING

from glacier.adapters import ScriptJob
from glacier.engine.follow import Follower, logger
from glacier.engine.leftovers import RunRecord
from glacier.engine.result import JobRun, RunStatus
from glacier.engine.travel import MAIN, Luggage, Outcome
from glacier.engine.wire_check import check_types
from glacier.errors import GlacierError, JobError
from glacier.job_status import JobStatus
from glacier.storage import overlaps, place_of

if TYPE_CHECKING:
    from glacier.engine.result import Run
    from glacier.resources import Bucket, Executor

_LONGEST_SUBMISSION_SECONDS = 30.0


class UnwantedJobError(JobError):
    """A job whose result nobody needs any more."""


class Dispatch:
    """The jobs of one run: those under way, and the places through which they travel.

    Args:
        run: The run, where jobs are noted.
    """

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._record = RunRecord(run)
        self._places: list[Bucket] = []
        self._followers: dict[str, Follower] = {}
        self._submitting = 0
        self._lock = threading.Condition()
        self._unwanted = threading.Event()
        self._reason = ""

    def carry_out(self, executor: "Executor", luggage: Luggage, names: tuple[str, ...]) -> Outcome:
        """Return what one job brings back.

        Args:
            executor: Where it runs.
            luggage: What it takes along.
            names: The names of the calls in it.

        Raises:
            UnwantedJobError: It was stopped, or not begun, since nobody needs it any more.
            JobDiedError: Its process ended without a result.
            RemoteError: It could not begin its work.
            JobError: It can't be packed, submitted or asked for its state.
        """
        from glacier.jobs.result import read_result
        from glacier.jobs.staging import new_place, prepared_staging
        from glacier.jobs.submit import died

        self._refuse_if_unwanted()
        if executor.adapter.engine == "spark":
            check_types(luggage)
        place = new_place(prepared_staging(executor.provider))
        job = self._submitted(executor, luggage, names, place)
        # Stays among the followers if this is interrupted, for `cancel_now`.
        status = self._followers[job.job_id].follow()
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
        if any(one.failure is not None for one in found.value.deliveries.values()):
            job.status = JobStatus.FAILED  # its process has succeeded in telling so
        return found.value

    def cancel(self, reason: str) -> None:
        """Have all jobs stopped, and no more submitted; returns at once."""
        self._reason = self._reason or reason
        self._unwanted.set()

    def cancel_now(self, reason: str) -> None:
        """Stop all jobs before this returns, for a process that is about to end."""
        self.cancel(reason)
        with self._lock:
            self._lock.wait_for(lambda: not self._submitting, _LONGEST_SUBMISSION_SECONDS)
        stops = [Thread(target=one.stop) for one in list(self._followers.values())]
        for stop in stops:  # side by side: each may take as long as its job's grace
            stop.start()
        for stop in stops:
            stop.join()
        for place in self._places:
            logger.warning("The run was interrupted; its staging %s is kept.", place.get_uri())
        self._record.close()

    def conclude(self, origins: frozenset[str]) -> None:
        """Clear staging after the run: of all but what its result still reads, if it succeeded.

        Args:
            origins: The places that the run's result would read.
        """
        self._record.close()
        if self._run.status is not RunStatus.SUCCEEDED:
            return
        for place in self._places:
            try:
                self._clear(place, origins)
            except (OSError, GlacierError) as error:  # the run has succeeded for all that
                logger.warning("The staging %s can't be cleared: %s", place.get_uri(), error)

    def _clear(self, place: "Bucket", origins: frozenset[str]) -> None:
        own = place_of(place.adapter.location())
        kept = tuple(one for one in origins if overlaps(one, own))
        if kept:
            _remove_all_but(place, kept)
            self._run.on_close(place.delete)
        else:
            place.delete()

    def _submitted(
        self, executor: "Executor", luggage: Luggage, names: tuple[str, ...], place: "Bucket"
    ) -> JobRun:
        from glacier.jobs.package import ENTRYPOINT, write_package
        from glacier.jobs.staging import discarded_on_failure

        adapter = executor.adapter
        with discarded_on_failure(place):
            package = write_package(
                place, luggage, MAIN, engine=adapter.engine, remote_python=adapter.python
            )
            script = ScriptJob(
                script=ENTRYPOINT,
                args=package.args,
                requirements=package.requirements,
                name=f"{self._run.pipeline}: {', '.join(names)}",
            )
            with self._submission():
                job_id = adapter.submit_job(script)
                job = JobRun(job_id, executor.name, names, place.get_uri())
                self._followers[job_id] = Follower(adapter, job, self._unwanted)
                self._run.jobs.append(job)
                self._places.append(place)
                self._note(executor, job)
        return job

    @contextmanager
    def _submission(self) -> Iterator[None]:
        """Have `cancel_now` wait for a submission that is under way, and begin none after it."""
        with self._lock:
            self._refuse_if_unwanted()
            self._submitting += 1
        try:
            yield
        finally:
            with self._lock:
                self._submitting -= 1
                self._lock.notify_all()

    def _note(self, executor: "Executor", job: JobRun) -> None:
        """Put a job on record; one that can't be is followed for all that."""
        try:
            self._record.note(executor, job)
        except (OSError, ValueError) as error:  # no room or no right; a config that is no JSON
            logger.warning(
                "The job %s can't be put on record, and would not be listed by `glacier jobs` if "
                "this process died: %s",
                job.job_id,
                error,
            )

    def _refuse_if_unwanted(self) -> None:
        if self._unwanted.is_set():
            raise UnwantedJobError(f"its job was cancelled: {self._reason}")


def _remove_all_but(place: "Bucket", kept: Sequence[str]) -> None:
    """Remove a job's files, without those below the places that are kept."""
    filesystem, own = place.filesystem, place_of(place.adapter.location())
    paths = [f"/{path}" if own.startswith("/") else path for path in filesystem.find(own)]
    paths = [path.replace("//", "/") for path in paths]
    unused = [path for path in paths if not any(overlaps(path, one) for one in kept)]
    if unused:
        filesystem.rm(unused)
