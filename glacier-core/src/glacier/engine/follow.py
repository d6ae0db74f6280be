"""Follows a job until it has ended: its state, its log, and whether it is still wanted."""

import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from glacier.errors import JobError
from glacier.job_status import PATIENCE_SECONDS, JobStatus

if TYPE_CHECKING:
    from glacier.adapters import ExecutorAdapter
    from glacier.engine.result import JobRun

logger = logging.getLogger("glacier.jobs")

_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 5.0
_PAUSE_SHARE = 0.05
_LOG_KEPT_CHARACTERS = 64 * 1024
_LONGEST_LINE_CHARACTERS = 64 * 1024
_CANCEL_SECONDS = 60.0
_STOP_SECONDS = 10.0


class Follower:
    """Follows one job.

    Args:
        adapter: Knows the job.
        job: What is noted of it; its status, its duration and the end of its log are kept here.
        unwanted: Set when the job is not worth its while any more.
        patience_seconds: How long the executor may not answer.
    """

    def __init__(
        self,
        adapter: "ExecutorAdapter",
        job: "JobRun",
        unwanted: threading.Event,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self._adapter = adapter
        self._job = job
        self._unwanted = unwanted
        self._patience_seconds = patience_seconds
        self._cursor = ""
        self._rest = ""
        self._silent_since: float | None = None
        self._noting = threading.Lock()

    def follow(self) -> JobStatus:
        """Return the job's final state once it has ended.

        A connection that is lost for a while is no failure of the job: it is asked again.

        Raises:
            JobError: The executor didn't answer for longer than its patience.
        """
        started = time.monotonic()
        cancelled_at: float | None = None
        while not self._job.status.is_final:
            elapsed = time.monotonic() - started
            pause = min(max(_PAUSE_SHARE * elapsed, _FIRST_PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
            if cancelled_at is None and self._unwanted.wait(pause):
                self.cancel()
                cancelled_at = elapsed
            elif cancelled_at is not None:
                time.sleep(pause)
                if elapsed - cancelled_at > _CANCEL_SECONDS:
                    break
            self._look()
            self._job.duration_seconds = time.monotonic() - started
        self._read_log(to_its_end=True)
        return self._job.status

    def cancel(self) -> None:
        """Ask the job to stop; one that can't be reached is left to itself, and noted."""
        try:
            self._adapter.cancel_job(self._job.job_id)
        except (OSError, JobError) as error:
            logger.warning("The job %s can't be cancelled: %s", self._job.job_id, error)

    def stop(self) -> None:
        """Ask the job to stop and note its state then; `follow` may have been interrupted."""
        self.cancel()
        with suppress(JobError):  # the others are to be stopped all the same
            self._look()
            until = time.monotonic() + _STOP_SECONDS
            while not self._job.status.is_final and time.monotonic() < until:
                time.sleep(_FIRST_PAUSE_SECONDS)
                self._look()

    def _look(self) -> None:
        try:
            found = self._adapter.get_job_status(self._job.job_id)
        except OSError as error:  # a lost connection, not a failed job
            self._note_silence(error)
        else:
            self._silent_since = None
            with self._noting:  # what `follow` was told before may arrive after `stop` was
                if not self._job.status.is_final:
                    self._job.status = found
            self._read_log()

    def _note_silence(self, error: OSError) -> None:
        now = time.monotonic()
        if self._silent_since is None:
            self._silent_since = now
            logger.warning("The job %s can't be asked for its state: %s", self._job.job_id, error)
        elif now - self._silent_since > self._patience_seconds:
            raise JobError(
                f"The job {self._job.job_id} on {self._job.executor!r} can't be asked for its "
                f"state for {self._patience_seconds:.0f} s: {error}. It may go on; ask again with "
                "executor.get_job_status, or stop it with executor.cancel_job.",
                job_id=self._job.job_id,
            ) from error

    def _read_log(self, *, to_its_end: bool = False) -> None:
        while True:
            try:
                chunk = self._adapter.read_job_logs(self._job.job_id, self._cursor)
            except (OSError, JobError) as error:
                logger.debug("The log of job %s can't be read: %s", self._job.job_id, error)
                return
            self._cursor = chunk.cursor
            self._tell(chunk.text, is_end=to_its_end and not chunk.text)
            if not (to_its_end and chunk.text):
                return

    def _tell(self, text: str, *, is_end: bool) -> None:
        self._job.log = (self._job.log + text)[-_LOG_KEPT_CHARACTERS:]
        *lines, self._rest = (self._rest + text).split("\n")
        if self._rest and (is_end or len(self._rest) > _LONGEST_LINE_CHARACTERS):
            lines, self._rest = [*lines, self._rest], ""
        tasks = ", ".join(self._job.tasks)
        for line in lines:
            logger.info("[%s: %s] %s", self._job.executor, tasks, line)
