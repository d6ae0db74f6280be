"""Jobs on Glue: each a run of the one Glue job that stands for the executor."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from glacier.adapters import ExecutorAdapter, LogChunk, ScriptJob
from glacier.drift import Difference
from glacier.errors import JobConnectionError, JobError
from glacier.job_status import JobStatus
from glacier.jobs.launchers import run_file, script_source
from glacier.jobs.staging import prepared_staging, staging_of
from glacier_aws.job import launcher
from glacier_aws.job.definition import LOG_GROUP, python_of, runs_tasks
from glacier_aws.job.deployment import GlueJob, put_object
from glacier_aws.job.errors import of_glue
from glacier_aws.job.logs import RunLogs
from glacier_aws.job.start import start_run
from glacier_aws.session import session_of

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

    from glacier.provider import Provider
    from glacier.resources import Bucket, Executor
    from glacier.terraform import Block, Estate
    from glacier_aws.config import AwsConfig, GlueConfig
    from glacier_aws.session import AwsSession

logger = logging.getLogger("glacier.jobs")

STATES = {
    "WAITING": JobStatus.PENDING,
    "STARTING": JobStatus.PENDING,
    "RUNNING": JobStatus.RUNNING,
    "STOPPING": JobStatus.RUNNING,
    "SUCCEEDED": JobStatus.SUCCEEDED,
    "FAILED": JobStatus.FAILED,
    "ERROR": JobStatus.FAILED,
    "TIMEOUT": JobStatus.FAILED,
    "EXPIRED": JobStatus.FAILED,
    "STOPPED": JobStatus.CANCELLED,
}
"""Glue's states of a run; any other one counts as running."""

_MODULES = "--additional-python-modules"
_unknown_states: set[str] = set()


class GlueAdapter(ExecutorAdapter):
    """Runs jobs as runs of a Glue job, which has the executor's name and config.

    The id of a job is that of its run. The Glue job is made, or brought up to date, by `deploy()`
    and by the first submission that finds it otherwise.

    Attributes:
        patience_seconds: How long a submission waits where the job has its most runs and Glue
            does not queue them.
    """

    engine: ClassVar[Literal["python", "spark"]] = "spark"
    patience_seconds: float = 600.0

    def __init__(self, resource: "Executor", provider: "Provider") -> None:
        super().__init__(resource, provider)
        self._config = cast("GlueConfig", resource.config)
        self._name = resource.name
        self._job = GlueJob(resource.name, self._config, provider)

    @property
    def python(self) -> str | None:
        """The minor version of Python that the configured Glue has; None if not known."""
        return python_of(self._glue_version)

    def check_runtime(self) -> None:
        """Refuse functions and tasks on a Glue whose Python is too old for Glacier.

        Raises:
            JobError: It is older than 5.0.
        """
        if not runs_tasks(self._glue_version):
            raise JobError(
                f"{self.resource!r} is Glue {self._glue_version}, which runs Python "
                f"{self.python or '3.10 or older'}; Glacier's functions and tasks need Python "
                '3.11 or newer. Set GlueConfig(glue_version="5.0") or later. Scripts that need no '
                "Glacier run there as they are.",
                glue_version=self._glue_version,
            )

    def deploy(self) -> None:
        """Create the Glue job with its role and its script, or update it in place; idempotent."""
        with of_glue(f"The Glue job {self._name!r} can't be deployed", job_name=self._name):
            self._job.ensure(prepared_staging(self.provider), tags_too=True)

    def drift(self) -> Iterable[Difference]:
        """Return where the Glue job differs from its definition."""
        with of_glue(f"The Glue job {self._name!r} is not told of", job_name=self._name):
            return tuple(self._job.drift(staging_of(self.provider)))

    def blocks(self, estate: "Estate") -> "Iterable[Block]":
        """Return the Glue job, and what it needs, as blocks of Terraform."""
        from glacier_aws.terraform.job import job_blocks

        return job_blocks(estate, self.resource)

    def submit_job(self, job: ScriptJob) -> str:
        """Start a run and return its id; one submission starts one run, whatever gets lost.

        A run beyond `max_concurrent_runs` is queued by Glue. Where that is switched off, this
        waits for up to `patience_seconds`.

        Raises:
            JobError: Glue refuses, or its version can't run the job. Nothing was started.
            JobConnectionError: AWS does not answer, and whether a run was started is not known.
            StorageError: Staging can't be written.
        """
        if job.requirements:
            self.check_runtime()
        what = f"The job {job.name!r} can't be started on {self.resource!r}"
        try:
            with of_glue(what, job_name=self._name):
                return self._submitted(job)
        except JobConnectionError as error:
            raise JobConnectionError(
                f"{error} If a run was started all the same, its argument {launcher.TOKEN} is "
                f"{job.token}.",
                job=self._name,
            ) from error

    def get_job_status(self, job_id: str) -> JobStatus:
        """Return the state of a run."""
        return _status(job_id, self._run(job_id))

    def cancel_job(self, job_id: str) -> None:
        """Ask Glue to stop a run, which takes it a while; nothing happens to one that has ended."""
        if self.get_job_status(job_id).is_final:
            return
        what = f"The run {job_id} can't be stopped"
        with of_glue(what, job_name=self._name, job_id=job_id):
            answer = self._glue.batch_stop_job_run(JobName=self._name, JobRunIds=[job_id])
        for problem in answer.get("Errors", ()):
            run = self._run(job_id)
            if run["JobRunState"] == "STOPPING" or _status(job_id, run).is_final:
                return
            detail = problem.get("ErrorDetail", {})
            raise JobError(
                f"{what}: {detail.get('ErrorCode')}: {detail.get('ErrorMessage')}. It is "
                f"{run['JobRunState']}.",
                job_id=job_id,
            )

    def get_job_logs(self, job_id: str) -> str:
        """Return what a run has printed so far, the last 16 MiB of it."""
        with of_glue(f"The log of {job_id} can't be read", job_name=self._name, job_id=job_id):
            return self._logs(job_id).read_all()

    def read_job_logs(self, job_id: str, cursor: str = "") -> LogChunk:
        """Return what a run has printed since a cursor, at most 1 MiB of each of its streams."""
        with of_glue(f"The log of {job_id} can't be read", job_name=self._name, job_id=job_id):
            return self._logs(job_id).read_piece(cursor)

    @property
    def _session(self) -> "AwsSession":
        return session_of(cast("AwsConfig", self.provider.config))

    @property
    def _glue(self) -> "GlueClient":
        return cast("GlueClient", self._session.client("glue"))

    @property
    def _glue_version(self) -> str:
        return str(self._config.overrides.get("GlueVersion") or self._config.glue_version)

    def _submitted(self, job: ScriptJob) -> str:
        """Upload a job, start a run of it and return its id."""
        staging = prepared_staging(self.provider)
        wanted = self._job.ensure(staging)
        path = f"runs/{job.token}.json"
        content = self._run_file(job, staging)
        put_object(staging, path, content)
        arguments = {
            launcher.RUN: f"{staging.get_uri()}{path}",
            launcher.SHA256: hashlib.sha256(content).hexdigest(),
            launcher.REGION: self._session.config.region,
            launcher.TOKEN: job.token,
        }
        defaults = wanted.get("DefaultArguments", {})
        if job.requirements:
            own = [defaults[_MODULES]] if _MODULES in defaults else []
            arguments[_MODULES] = ",".join([*job.requirements, *own])
        return start_run(
            self._glue,
            self._session.client("glue", retries={"total_max_attempts": 1}),
            self._name,
            # A run's arguments replace the job's; it gets both, so that nothing depends on it.
            {**defaults, **arguments},
            patience_seconds=self.patience_seconds,
        )

    def _run_file(self, job: ScriptJob, staging: "Bucket") -> bytes:
        """Upload a job's script and return what the launcher has to know of it."""
        source = script_source(job)
        path = f"scripts/{hashlib.sha256(source).hexdigest()}/{job.script.name}"
        put_object(staging, path, source)
        return run_file(job, source, f"{staging.get_uri()}{path}")

    def _run(self, job_id: str) -> Mapping[str, Any]:
        with of_glue(f"The run {job_id} is not told of", job_name=self._name, job_id=job_id):
            answer = self._glue.get_job_run(JobName=self._name, RunId=job_id)
        return cast("Mapping[str, Any]", answer["JobRun"])

    def _logs(self, job_id: str) -> RunLogs:
        run = self._run(job_id)
        base = str(run.get("LogGroupName") or LOG_GROUP).rstrip("/")
        # Glue puts what a script prints, to both of its streams, into one group since 5.0.
        names = ("output",) if runs_tasks(run.get("GlueVersion", "")) else ("output", "error")
        is_ended, message = _status(job_id, run).is_final, run.get("ErrorMessage")
        closing = f"Glue: {run['JobRunState']}: {message}\n" if is_ended and message else ""
        groups = [f"{base}/{name}" for name in names]
        return RunLogs(self._session.client("logs"), groups, job_id, closing, is_ended)


def _status(job_id: str, run: Mapping[str, Any]) -> JobStatus:
    state = run["JobRunState"]
    if state not in STATES and state not in _unknown_states:
        _unknown_states.add(state)
        logger.warning("Glue says that the run %s is %s; taken for RUNNING.", job_id, state)
    return STATES.get(state, JobStatus.RUNNING)
