"""What the cases of executors share."""

import threading
import time
from pathlib import Path

import pytest

from glacier.job_status import JobStatus
from glacier.resources import Executor
from glacier.testing.base import Cases
from glacier.testing.rig import Rig


class ExecutorBase(Cases):
    """Gives the cases an executor."""

    @pytest.fixture
    def executor(self, rig: Rig) -> Executor:
        """An executor that has run nothing yet."""
        return rig.executor()


def finished(rig: Rig, executor: Executor, job: object) -> tuple[str, JobStatus]:
    """Run a job to its end and return its id and its state."""
    job_id = executor.submit_job(job)
    return job_id, executor.wait(job_id, timeout_seconds=rig.job_seconds)


def script(directory: Path, source: str) -> str:
    """Return the path of a new Python file."""
    file = directory / "job.py"
    file.write_text(source, encoding="utf-8")
    return str(file)


def logs_once_they_have(rig: Rig, executor: Executor, job_id: str, text: str) -> str:
    """Return a running job's logs as soon as they hold a text; empty if they never do."""
    deadline = time.monotonic() + rig.job_seconds
    while executor.get_job_status(job_id) is JobStatus.PENDING and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    deadline = time.monotonic() + rig.log_seconds
    while time.monotonic() < deadline:
        logs = executor.get_job_logs(job_id)
        if text in logs:
            return logs
        threading.Event().wait(0.02)
    return ""
