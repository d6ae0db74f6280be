"""Jobs on this machine: each in a fresh Python process."""

import sys
from typing import TYPE_CHECKING

from glacier.adapters import ExecutorAdapter, LogChunk, ScriptJob
from glacier.config.local import LocalConfig
from glacier.job_status import JobStatus
from glacier.jobs.process import ProcessJobs, jobs_directory

if TYPE_CHECKING:
    from glacier.provider import Provider
    from glacier.resources import Executor


class LocalExecutorAdapter(ExecutorAdapter):
    """Runs jobs as processes of this machine, with the interpreter of the caller.

    Attributes:
        grace_seconds: How long a cancelled job has to end by itself before it is killed.
    """

    grace_seconds: float = 5.0

    @property
    def keeps_identity(self) -> bool:
        """Whether jobs run as whoever submits them: they do."""
        return True

    def __init__(self, resource: "Executor", provider: "Provider") -> None:
        super().__init__(resource, provider)
        configs = (resource.config, provider.config)
        config = next((one for one in configs if isinstance(one, LocalConfig)), None)
        self._jobs = ProcessJobs(
            jobs_directory(resource, provider),
            most_at_once=config.max_concurrent_jobs if config else None,
        )

    def submit_job(self, job: ScriptJob) -> str:
        """Start a process for a job, in the working directory of this one, and return its id."""
        return self._jobs.start(
            [sys.executable, "-u", str(job.script), *job.args],
            # So that it can print any text, whatever the locale; a job may decide otherwise.
            {"PYTHONUTF8": "1", **job.environment},
            job_id=job.token,
        )

    def get_job_status(self, job_id: str) -> JobStatus:
        """Return the state of a job; one that was killed from outside is FAILED."""
        return self._jobs.status(job_id)

    def cancel_job(self, job_id: str) -> None:
        """End a job with all its processes; returns when they are gone.

        They are asked to end first, and killed after `grace_seconds`.
        """
        self._jobs.cancel(job_id, self.grace_seconds)

    def get_job_logs(self, job_id: str) -> str:
        """Return what the job has printed so far; above 16 MiB its start and its end."""
        return self._jobs.log(job_id)

    def read_job_logs(self, job_id: str, cursor: str = "") -> LogChunk:
        """Return what the job has printed since a cursor, at most 1 MiB of it."""
        return self._jobs.read_log(job_id, cursor)
