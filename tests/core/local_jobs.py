"""Jobs for tests: quick ones, and ones that go on until they are let go."""

import os
import select
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from glacier import Executor
from glacier.job_status import JobStatus

LIMIT_SECONDS = 60
QUICK = partial(print, "hello")


class Gate:
    """A job that says when it has started, and then waits to be let go."""

    def __init__(self, directory: Path) -> None:
        self.started = directory / "started"
        self.released = directory / "released"
        for pipe in (self.started, self.released):
            os.mkfifo(pipe)
        self._reader = os.open(self.started, os.O_RDONLY | os.O_NONBLOCK)
        self._writer = os.open(self.released, os.O_RDWR)

    def job(self, before: Callable[[], object] = lambda: None) -> Callable[[], None]:
        """Return the job, which does something before it says that it has started."""
        started, released = self.started, self.released

        def wait_for_release() -> None:
            before()
            with started.open("w") as pipe:
                pipe.write(str(os.getpid()))
            with released.open() as pipe:
                pipe.readline()

        return wait_for_release

    def pid(self) -> int:
        """Wait for the job's start and return its process's id."""
        readable, _, _ = select.select([self._reader], [], [], LIMIT_SECONDS)
        assert readable, "the job has not started"
        return int(os.read(self._reader, 100))

    def is_left(self) -> bool:
        """Return whether no process has the pipe open any more that says it has started."""
        try:
            return os.read(self._reader, 100) == b""
        except BlockingIOError:
            return False

    def release(self) -> None:
        """Let the job end."""
        os.write(self._writer, b"go\n")

    def close(self) -> None:
        """Let a job that a failed test has left behind end, too."""
        self.release()
        os.close(self._reader)
        os.close(self._writer)


def finish(executor: Executor, job: Any) -> tuple[JobStatus, str]:
    """Run a job to its end and return its status and its log."""
    job_id = executor.submit_job(job)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    return status, executor.get_job_logs(job_id)
