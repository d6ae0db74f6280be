"""Jobs on Databricks: each a one-time run with a cluster of its own, or on one that is there."""

import hashlib
import json
import time
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.service.jobs import Run

from glacier.adapters import ExecutorAdapter, LogChunk, ScriptJob
from glacier.errors import JobError, JobNotFoundError
from glacier.job_status import JobStatus
from glacier.jobs.secrets import check_no_secret
from glacier_databricks.job.definition import run_fields, run_source, spark_version_of
from glacier_databricks.job.errors import FAILURES, is_passing, of_databricks
from glacier_databricks.job.states import status_of
from glacier_databricks.job.upload import uploaded
from glacier_databricks.runtimes import python_of, runs_tasks
from glacier_databricks.workspace import workspace_of

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from glacier.provider import Provider
    from glacier.resources import Executor
    from glacier_databricks.config import DatabricksConfig

_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 15.0
_SUBMIT = "/api/2.2/jobs/runs/submit"


class DatabricksAdapter(ExecutorAdapter):
    """Runs jobs as one-time runs; the id of a job is that of its run.

    The provider's config says on which cloud the workspace is, the executor's what a run gets.

    Attributes:
        patience_seconds: How long a submission tries where Databricks is busy or does not answer.
    """

    engine: ClassVar[Literal["python", "spark"]] = "spark"
    patience_seconds: float = 120.0

    def __init__(self, resource: "Executor", provider: "Provider") -> None:
        super().__init__(resource, provider)
        self._config = cast("DatabricksConfig", resource.config)

    @property
    def python(self) -> str | None:
        """The minor version of Python that the runtime has; None if not known."""
        config = self._config
        if config.serverless or (config.existing_cluster_id and config.spark_version is None):
            return None
        return python_of(spark_version_of(config))

    def check_runtime(self) -> None:
        """Refuse functions and tasks on a runtime whose Python is too old for Glacier.

        Raises:
            JobError: It is older than 15.4.
        """
        version = spark_version_of(self._config)
        if not runs_tasks(version):
            raise JobError(
                f"{self.resource!r} is Databricks Runtime {version}, which runs Python "
                f"{python_of(version) or '3.10 or older'}; Glacier's functions and tasks need "
                'Python 3.11 or newer. Set DatabricksConfig(spark_version="15.4.x-scala2.12") or '
                "later, or leave it out. Scripts that need no Glacier run there as they are.",
                spark_version=version,
            )

    def submit_job(self, job: ScriptJob) -> str:
        """Submit a run and return its id; one submission starts one run, whatever gets lost.

        Raises:
            JobError: Databricks refuses, or its runtime can't run the job. Nothing was started.
            JobConnectionError: Databricks does not answer, and whether a run was started is not
                known.
            StorageError: Staging can't be written.
        """
        if job.requirements:
            self.check_runtime()
        with of_databricks(f"The job {job.name!r} can't be started", self._host):
            return self._submitted(job)

    def get_job_status(self, job_id: str) -> JobStatus:
        """Return the state of a run."""
        return status_of(self._run(job_id))

    def cancel_job(self, job_id: str) -> None:
        """Ask Databricks to stop a run, which takes it a while; nothing happens to an ended one."""
        if self.get_job_status(job_id).is_final:
            return
        with of_databricks(f"The run {job_id} can't be stopped", self._host, job_id):
            self._workspace.jobs.cancel_run(int(job_id))

    def get_job_logs(self, job_id: str) -> str:
        """Return what a run has printed so far, the last 5 MB of it, and why it has failed."""
        run = self._run(job_id)
        with of_databricks(f"The log of {job_id} can't be read", self._host, job_id):
            return self._log(run)

    def read_job_logs(self, job_id: str, cursor: str = "") -> LogChunk:
        """Return what a run has printed since a cursor; Databricks tells of it when it has ended.

        What was printed last goes beyond the 5 MB that it keeps.
        """
        return super().read_job_logs(job_id, cursor)

    @property
    def _workspace(self) -> "WorkspaceClient":
        return workspace_of(self._config)

    @property
    def _host(self) -> str:
        return str(self._workspace.config.host)

    def _submitted(self, job: ScriptJob) -> str:
        """Upload a job, submit a run of it and return its id."""
        config, provider = self._config, self.provider
        content, carried = run_source(job)
        place = uploaded(
            f"{job.token}.py",
            content,
            config=config,
            provider=provider,
            workspace=self._workspace,
        )
        fields = run_fields(
            config,
            provider.config,
            provider.tags,
            job=job,
            python_file=place,
            sha256=hashlib.sha256(carried).hexdigest(),
        )
        check_no_secret("The settings of the job", json.dumps(fields).encode())
        deadline, pause = time.monotonic() + self.patience_seconds, _FIRST_PAUSE_SECONDS
        while True:
            try:
                # As the API takes it: the SDK's own types drop fields that they don't know.
                answer = self._workspace.api_client.do("POST", _SUBMIT, body=fields)
            except FAILURES as error:
                if not is_passing(error) or time.monotonic() + pause > deadline:
                    raise
            else:
                return str(cast("dict[str, int]", answer)["run_id"])
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _run(self, job_id: str) -> Run:
        if not job_id.isascii() or not job_id.isdigit():
            raise JobNotFoundError(
                f"{job_id!r} is no job of {self.resource!r}: the ids of Databricks' runs are "
                "numbers. Pass what submit_job returned.",
                job_id=job_id,
            )
        with of_databricks(f"The run {job_id} is not told of", self._host, job_id):
            return self._workspace.jobs.get_run(int(job_id))

    def _log(self, run: Run) -> str:
        tasks = run.tasks or []
        if not tasks or tasks[0].run_id is None:
            return ""
        try:
            output = self._workspace.jobs.get_run_output(tasks[0].run_id)
        except DatabricksError:
            if status_of(run).is_final:
                raise
            return ""  # it has none before it has begun
        closing = "\n".join(one for one in (output.error, output.error_trace) if one)
        printed = output.logs or ""
        begin = "[... the beginning is left out ...]\n" if output.logs_truncated else ""
        end = f"Databricks: {closing}\n" if closing and closing not in printed else ""
        return f"{begin}{printed}{end}"
