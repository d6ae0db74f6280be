"""What the tests of every executor do: write scripts, run them and wait."""

import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from glacier import Executor
from glacier.job_status import JobStatus

LIMIT_SECONDS = 180.0


def written(directory: Path, source: str, name: str = "job.py") -> str:
    script = directory / name
    script.write_text(dedent(source), encoding="utf-8")
    return str(script)


def ended(executor: Executor, job: object) -> tuple[JobStatus, str]:
    """Run a job to its end and return its state and its logs."""
    job_id = executor.submit_job(job)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    return status, executor.get_job_logs(job_id)


def until(condition: Callable[[], bool], limit_seconds: float = LIMIT_SECONDS) -> bool:
    """Return whether a condition comes true in time."""
    deadline = time.monotonic() + limit_seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
