"""Jobs of the toy platform: each in a process of its own, known to its adapter alone."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from glacier.adapters import ExecutorAdapter, ScriptJob
from glacier.errors import JobNotFoundError
from glacier.job_status import JobStatus
from glacier_toy.config import ToyExecutorConfig

if TYPE_CHECKING:
    from glacier.provider import Provider
    from glacier.resources import Executor

_GRACE_SECONDS = 5.0


@dataclass(slots=True)
class _Job:
    script: ScriptJob
    log: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None)
    is_cancelled: bool = field(default=False)

    def status(self) -> JobStatus:
        if self.process is None:
            return JobStatus.CANCELLED if self.is_cancelled else JobStatus.PENDING
        code = self.process.poll()
        if code is None:
            return JobStatus.RUNNING
        if code == 0:
            return JobStatus.SUCCEEDED
        return JobStatus.CANCELLED if self.is_cancelled else JobStatus.FAILED


class ToyExecutorAdapter(ExecutorAdapter):
    """Starts a process for a job and watches it; whoever asks for anything starts what waits."""

    def __init__(self, resource: "Executor", provider: "Provider") -> None:
        super().__init__(resource, provider)
        self._directory = Path(tempfile.mkdtemp(prefix="toy-jobs-"))
        weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()
        config = resource.config
        self._config = config if isinstance(config, ToyExecutorConfig) else ToyExecutorConfig()

    @property
    def keeps_identity(self) -> bool:
        """Whether jobs run as whoever submits them: they do."""
        return True

    def submit_job(self, job: ScriptJob) -> str:
        """Start a process for a script, at once or when one of the places is free."""
        log = self._directory / f"{job.token}.log"
        log.touch()
        self._jobs.setdefault(job.token, _Job(job, log))
        self._start_waiting()
        return job.token

    def get_job_status(self, job_id: str) -> JobStatus:
        """Return the state of a job by its process."""
        self._start_waiting()
        return self._job(job_id).status()

    def cancel_job(self, job_id: str) -> None:
        """End a job's process, by force if it has not ended 5 s after it was asked."""
        job = self._job(job_id)
        with self._lock:
            if job.status().is_final:
                return
            job.is_cancelled = True
        if job.process is None:
            return
        job.process.terminate()
        try:
            job.process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            job.process.kill()
            job.process.wait()

    def get_job_logs(self, job_id: str) -> str:
        """Return what a job has printed so far."""
        return self._job(job_id).log.read_text(encoding="utf-8", errors="replace")

    def _start_waiting(self) -> None:
        with self._lock:
            statuses = [(job, job.status()) for job in self._jobs.values()]
            waiting = [job for job, status in statuses if status is JobStatus.PENDING]
            running = sum(status is JobStatus.RUNNING for _, status in statuses)
            free = None if (limit := self._config.most_at_once) is None else max(limit - running, 0)
            for job in waiting[:free]:
                job.process = self._start(job)

    def _start(self, job: _Job) -> "subprocess.Popen[bytes]":
        with job.log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-u", str(job.script.script), *job.script.args],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={
                    **os.environ,
                    **self._config.environment,
                    **job.script.environment,
                    "PYTHONUTF8": "1",
                },
            )

    def _job(self, job_id: str) -> _Job:
        if job_id not in self._jobs:
            raise JobNotFoundError(
                f"{self.resource!r} has no job {job_id!r}. Ask the executor that submitted it.",
                job_id=job_id,
            )
        return self._jobs[job_id]
