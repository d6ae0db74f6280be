"""Jobs on this machine: each in a fresh Python process."""

import hashlib
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glacier.adapters import ExecutorAdapter
from glacier.config.local import LocalConfig
from glacier.errors import JobError, JobNotFoundError
from glacier.job_status import JobStatus
from glacier.local.job import LocalJob
from glacier.local.job_payload import pickled
from glacier.storage import RESERVED_PREFIX, new_token

if TYPE_CHECKING:
    from glacier.provider import Provider
    from glacier.resources import Executor

_JOB_ID = re.compile(r"[0-9a-f]{16}")
_FIELDS = ("script", "args", "environment")
_LONGEST_NAME = 100


class LocalExecutorAdapter(ExecutorAdapter):
    """Runs jobs as processes of this machine, with the interpreter of the caller.

    A job's directory lies under the base path of the `LocalConfig` at hand, the executor's own
    before the provider's, so that another process can ask for the job by its id. Under any
    other config it lies in a temporary directory that only this adapter knows. Directories of
    ended jobs stay, for their logs.

    Attributes:
        grace_seconds: How long a cancelled job has to end by itself before it is killed.
    """

    grace_seconds: float = 5.0

    def __init__(self, resource: "Executor", provider: "Provider") -> None:
        super().__init__(resource, provider)
        if sys.platform == "win32":
            raise JobError(
                "Jobs on this machine need the file locks and process groups of Linux or macOS. "
                "Run them in WSL, or on an executor elsewhere."
            )
        self._jobs = _jobs_directory(resource, provider)

    def submit_job(self, job: Any) -> str:  # Any: a callable, a path, or a mapping
        """Start a process for a job and return the job's id.

        Args:
            job: A callable without required arguments, whose return value is dropped; the path
                of a Python script; or a mapping with `script`, and if wanted `args` (a list)
                and `environment` (variables that are added to those of this process).

        Raises:
            JobError: The job is none of these, its script is not there, or its callable can't
                be pickled. Nothing was started.
        """
        if isinstance(job, str | os.PathLike):
            job = {"script": job}
        environment: dict[str, str] = {}
        payload: bytes | None = None
        if isinstance(job, Mapping):
            header, environment = _script_header(job)
        elif callable(job):
            payload = pickled(job)
            header = {"sys_path": [str(Path(entry).absolute()) for entry in sys.path]}
        else:
            raise JobError(
                f"Expected a job; got {type(job).__name__}. Pass a callable without arguments, the "
                'path of a Python script, or {"script": path, "args": [...], "environment": {...}}.'
            )
        job_id = new_token()
        try:
            LocalJob.start(self._jobs / job_id, header, payload, environment)
        except (OSError, ValueError) as error:  # no room, no process, a NUL in the environment
            raise JobError(
                f"The job's process can't be started in {self._jobs}: {error}. Check the base path "
                "of the LocalConfig and the job's environment."
            ) from error
        return job_id

    def get_job_status(self, job_id: str) -> JobStatus:
        """Return the state of a job; one that was killed from outside is FAILED."""
        return self._job(job_id).status()

    def cancel_job(self, job_id: str) -> None:
        """End a job with all its processes; returns when they are gone.

        They are asked to end first, and killed after `grace_seconds`.
        """
        self._job(job_id).cancel(grace_seconds=self.grace_seconds)

    def get_job_logs(self, job_id: str) -> str:
        """Return what the job has printed so far; a failed one's ends with its traceback."""
        return self._job(job_id).log()

    def _job(self, job_id: str) -> LocalJob:
        # An id is a name of ours, never a path that leads elsewhere.
        if _JOB_ID.fullmatch(job_id):
            job = LocalJob(self._jobs / job_id)
            if job.exists():
                return job
        raise JobNotFoundError(
            f"{self.resource!r} has no job {job_id!r} in {self._jobs}. Use an id that its "
            "submit_job returned, and a provider with the same base path.",
            job_id=job_id,
        )


def _jobs_directory(executor: "Executor", provider: "Provider") -> Path:
    for config in (executor.config, provider.config):
        if isinstance(config, LocalConfig):
            jobs = Path(config.base_path).absolute() / RESERVED_PREFIX / "jobs"
            return jobs / _directory_name(executor.name)
    return Path(tempfile.mkdtemp(prefix="glacier-jobs-"))


def _directory_name(name: str) -> str:
    """Return a legal directory name, another one for every executor name."""
    legal = re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip(".")[:_LONGEST_NAME]
    return legal if legal == name else f"{legal}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _script_header(job: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the header and the environment of a script, checked."""
    unknown = [str(key) for key in job if key not in _FIELDS]
    if unknown or "script" not in job:
        problem = f"unknown fields {', '.join(unknown)}" if unknown else "no field 'script'"
        raise JobError(f"The job has {problem}; its fields are {', '.join(_FIELDS)}.")
    script = Path(job["script"]).absolute()
    if not script.is_file():
        raise JobError(
            f"The job's script {script} is not there. Pass the path of an existing Python file.",
            script=script,
        )
    args, environment = job.get("args", ()), job.get("environment", {})
    if isinstance(args, str) or not isinstance(args, Sequence):
        raise JobError(
            f"The job's args are {args!r}; expected a list, such as ['--day', '2024-01-01']."
        )
    if not isinstance(environment, Mapping) or not all(
        isinstance(text, str) for pair in environment.items() for text in pair
    ):
        # The values may be secrets: only their types are shown.
        raise JobError(
            "The job's environment is not a mapping of text to text; convert its values."
        )
    return {"script": str(script), "args": [str(arg) for arg in args]}, dict(environment)
