"""Jobs for tests: quick ones, and ones that go on until they are let go."""

import os
import sys
import time
from pathlib import Path
from typing import Any

from glacier import Executor
from glacier.job_status import JobStatus
from glacier.jobs.process import ProcessJobs

LIMIT_SECONDS = 60

GATE = """
import os, sys, time
{before}
with open(sys.argv[1], "w") as file:
    print(os.getpid(), file=file)
while not os.path.exists(sys.argv[2]):
    time.sleep(0.005)
"""


def write_script(directory: Path, source: str, name: str = "job.py") -> Path:
    """Write a Python file and return its path."""
    file = directory / name
    file.write_text(source, encoding="utf-8")
    return file


class Gate:
    """A job that says when it has started, and then waits to be let go.

    Args:
        directory: A new directory of its own.
        before: What the job does before it says that it has started, as source.
    """

    def __init__(self, directory: Path, before: str = "") -> None:
        directory.mkdir()
        self.started = directory / "started"
        self.released = directory / "released"
        self.script = write_script(directory, GATE.format(before=before), "gate.py")

    @property
    def args(self) -> list[str]:
        """The arguments of the script."""
        return [str(self.started), str(self.released)]

    @property
    def job(self) -> dict[str, Any]:
        """The job, as an executor is given it."""
        return {"script": self.script, "args": self.args}

    @property
    def command(self) -> list[str]:
        """The job, as a command line."""
        return [sys.executable, "-u", str(self.script), *self.args]

    def pid(self, limit_seconds: float = LIMIT_SECONDS) -> int:
        """Wait for the job's start and return its process's id."""
        deadline = time.monotonic() + limit_seconds
        while not (self.started.exists() and (text := self.started.read_text()).endswith("\n")):
            assert time.monotonic() < deadline, "the job has not started"
            time.sleep(0.005)
        return int(text)

    def release(self) -> None:
        """Let the job end, whether it waits already or not."""
        self.released.touch()


def is_alive(pid: int) -> bool:
    """Return whether there is a process, were it a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def is_dead_soon(pid: int) -> bool:
    """Wait for the end of a process and return whether it came."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.005)
    return not is_alive(pid)


def python(source: str) -> list[str]:
    """Return the command line that runs a program."""
    return [sys.executable, "-u", "-c", source]


def end_of(jobs: ProcessJobs, job_id: str) -> JobStatus:
    """Wait for a job's end and return its state."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not (status := jobs.status(job_id)).is_final and time.monotonic() < deadline:
        time.sleep(0.005)
    return status


def run(jobs: ProcessJobs, *command: str) -> tuple[JobStatus, str]:
    """Run a command to its end and return its state and its log."""
    job_id = jobs.start(command, {})
    return end_of(jobs, job_id), jobs.log(job_id)


def runner_of(jobs: ProcessJobs, job_id: str) -> int:
    """Return the process that watches over a job."""
    return int((jobs.directory / job_id / "pid").read_text())


def finish(executor: Executor, job: Any) -> tuple[JobStatus, str]:
    """Run a job to its end and return its status and its log."""
    job_id = executor.submit_job(job)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    return status, executor.get_job_logs(job_id)
