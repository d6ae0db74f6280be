"""The states of a job, and waiting for the last one."""

import time
from enum import StrEnum
from typing import TYPE_CHECKING

from glacier.errors import JobTimeoutError

if TYPE_CHECKING:
    from glacier.adapters import ExecutorAdapter

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

    Raises:
        JobTimeoutError: The job goes on after `timeout_seconds`.
    """
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    pause = _FIRST_PAUSE_SECONDS
    while not (status := adapter.get_job_status(job_id)).is_final:
        if deadline is not None and time.monotonic() >= deadline:
            raise JobTimeoutError(
                f"The job {job_id} is still {status} after {timeout_seconds} s. It goes on; "
                "wait again, or stop it with cancel_job.",
                job_id=job_id,
            )
        remaining = pause if deadline is None else max(deadline - time.monotonic(), 0.0)
        time.sleep(min(pause, remaining))
        pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
    return status
