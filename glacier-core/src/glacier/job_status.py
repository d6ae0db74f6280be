"""The states of a job, and waiting for the last one."""

import time
from enum import StrEnum
from typing import TYPE_CHECKING

from glacier.errors import JobTimeoutError

if TYPE_CHECKING:
    from glacier.adapters import ExecutorAdapter

PATIENCE_SECONDS = 600.0
"""How long an executor may not answer before its job counts as lost from sight."""

_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 5.0


class JobStatus(StrEnum):
    """The state of a job, the same words on every platform."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        """Whether a job in this state has ended."""
        return self not in {JobStatus.PENDING, JobStatus.RUNNING}


def wait_for_job(
    adapter: "ExecutorAdapter", job_id: str, *, timeout_seconds: float | None = None
) -> JobStatus:
    """Return a job's final state, asked for at growing intervals of 10 ms to 5 s.

    A connection that is lost for a while is no failure of the job: it is asked again.

    Raises:
        JobTimeoutError: The job goes on after `timeout_seconds`.
        OSError: The executor didn't answer for `PATIENCE_SECONDS`.
    """
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    pause = _FIRST_PAUSE_SECONDS
    status, heard_at = JobStatus.PENDING, time.monotonic()
    while True:
        try:
            status, heard_at = adapter.get_job_status(job_id), time.monotonic()
        except OSError:
            if time.monotonic() - heard_at > PATIENCE_SECONDS:
                raise
        if status.is_final:
            return status
        if deadline is not None and time.monotonic() >= deadline:
            raise JobTimeoutError(
                f"The job {job_id} is still {status} after {timeout_seconds} s. It goes on; "
                "wait again, or stop it with cancel_job.",
                job_id=job_id,
            )
        remaining = pause if deadline is None else max(deadline - time.monotonic(), 0.0)
        time.sleep(min(pause, remaining))
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
