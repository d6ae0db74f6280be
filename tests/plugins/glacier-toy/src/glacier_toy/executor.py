"""Jobs of the toy platform: each in a process of its own, known to its adapter alone."""

import os
import shutil
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import cloudpickle

from glacier.adapters import ExecutorAdapter
from glacier.errors import JobError, JobNotFoundError
from glacier.job_status import JobStatus
from glacier_toy import job_runner
from glacier_toy.config import ToyExecutorConfig

if TYPE_CHECKING:
    from glacier.provider import Provider
    from glacier.resources import Executor

_FIELDS = {"script", "args", "environment"}
_GRACE_SECONDS = 5.0


@dataclass(slots=True)
class _Job:
    process: "subprocess.Popen[bytes]"
    log: Path
    is_cancelled: bool = field(default=False)


class ToyExecutorAdapter(ExecutorAdapter):
    """Starts a process for a job and watches it."""

    def __init__(self, resource: "Executor", provider: "Provider") -> None:
        super().__init__(resource, provider)
        self._directory = Path(tempfile.mkdtemp(prefix="toy-jobs-"))
        weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        self._jobs: dict[str, _Job] = {}

    def submit_job(self, job: Any) -> str:  # Any: a callable, or a mapping of script fields
        """Start a process for a script or a callable and return the job's id."""
        job_id = uuid4().hex
        environment: Mapping[str, str] = {}
        if callable(job):
            pickled = self._directory / f"{job_id}.pickle"
            pickled.write_bytes(cloudpickle.dumps(job))
            command = [job_runner.__file__, str(pickled)]
        elif isinstance(job, Mapping):
            command, environment = _script_command(job)
        else:
            raise JobError(
                f"Expected a callable or a mapping with 'script'; got {type(job).__name__}."
            )
        log = self._directory / f"{job_id}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-u", *command],
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment(), **environment, "PYTHONUTF8": "1"},
            )
        self._jobs[job_id] = _Job(process, log)
        return job_id

    def get_job_status(self, job_id: str) -> JobStatus:
        """Return the state of a job by its process."""
        job = self._job(job_id)
        code = job.process.poll()
        if code is None:
            return JobStatus.RUNNING
        if code == 0:
            return JobStatus.SUCCEEDED
        return JobStatus.CANCELLED if job.is_cancelled else JobStatus.FAILED

    def cancel_job(self, job_id: str) -> None:
        """End a job's process, by force if it has not ended 5 s after it was asked."""
        job = self._job(job_id)
        if job.process.poll() is not None:
            return
        job.is_cancelled = True
        job.process.terminate()
        try:
            job.process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            job.process.kill()
            job.process.wait()

    def get_job_logs(self, job_id: str) -> str:
        """Return what a job has printed so far."""
        return self._job(job_id).log.read_text(encoding="utf-8", errors="replace")

    def _environment(self) -> dict[str, str]:
        config = self.resource.config
        return config.environment if isinstance(config, ToyExecutorConfig) else {}

    def _job(self, job_id: str) -> _Job:
        if job_id not in self._jobs:
            raise JobNotFoundError(
                f"{self.resource!r} has no job {job_id!r}. Ask the executor that submitted it.",
                job_id=job_id,
            )
        return self._jobs[job_id]


def _script_command(job: Mapping[str, Any]) -> tuple[list[str], Mapping[str, str]]:
    """Return the command line and the environment of a script."""
    unknown = sorted(set(job) - _FIELDS)
    if unknown or "script" not in job:
        raise JobError(
            f"The job has the fields {sorted(job)}; expected 'script', 'args' and 'environment'."
        )
    script = Path(job["script"])
    if not script.is_file():
        raise JobError(f"The job's script {script} is not there.")
    return [str(script), *map(str, job.get("args", ()))], job.get("environment", {})
