"""Jobs on Databricks: each a one-time run with a cluster of its own, or on one that is there."""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from glacier.adapters import ExecutorAdapter, LogChunk, ScriptJob
from glacier.errors import ConfigError, JobConnectionError, JobError, JobNotFoundError
from glacier.job_status import JobStatus
from glacier.known_secrets import check_no_secret
from glacier_databricks.job import launcher
from glacier_databricks.job.definition import run_fields, run_source, spark_version_of
from glacier_databricks.job.deployment import ExecutorJob
from glacier_databricks.job.errors import FAILURES, of_databricks
from glacier_databricks.job.logs import log_of
from glacier_databricks.job.start import start_run
from glacier_databricks.job.states import status_of
from glacier_databricks.job.upload import RunFiles
from glacier_databricks.runtimes import python_of, python_of_serverless, runs_tasks
from glacier_databricks.workspace import workspace_of

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from glacier.drift import Difference
    from glacier.provider import Provider
    from glacier.resources import Executor
    from glacier.terraform import Block, Estate
    from glacier_databricks.config import DatabricksConfig

logger = logging.getLogger("glacier.jobs")

_GET = "/api/2.2/jobs/runs/get"


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
        self._files = RunFiles(self._config, provider)
        self._discarded: set[str] = set()

    @property
    def python(self) -> str | None:
        """The minor version of Python that the runtime has; None if not known."""
        config = self._config
        if config.serverless:
            return python_of_serverless(config.environment_version)
        if config.existing_cluster_id is not None and config.spark_version is None:
            return None
        return python_of(spark_version_of(config))

    def check_runtime(self) -> None:
        """Refuse functions and tasks on a runtime whose Python is too old for Glacier.

        Raises:
            JobError: A cluster's runtime is older than 15.0, or serverless compute's environment
                older than 2.
        """
        config, version = self._config, spark_version_of(self._config)
        if config.serverless and self.python == "3.10":
            raise JobError(
                f"{self.resource!r} is serverless compute with environment "
                f"{config.environment_version}, which runs Python 3.10; Glacier's functions and "
                'tasks need Python 3.11 or newer. Set DatabricksConfig(environment_version="2") or '
                "later, or leave it out.",
                environment_version=config.environment_version,
            )
        if not config.serverless and not runs_tasks(version):
            raise JobError(
                f"{self.resource!r} is Databricks Runtime {version}, which runs Python "
                f"{python_of(version) or '3.10 or older'}; Glacier's functions and tasks need "
                'Python 3.11 or newer. Set DatabricksConfig(spark_version="15.4.x-scala2.12") or '
                "later, or leave it out. Scripts that need no Glacier run there as they are.",
                spark_version=version,
            )

    def deploy(self) -> None:
        """Create the job that stands for the executor, or update it in place; idempotent.

        Nothing is started. Its volume, and a pool that only Terraform makes, have to be there.

        Raises:
            JobError: Databricks refuses, or several jobs could be the executor's.
            JobConnectionError: It does not answer.
            PackageError: A secret is among the job's settings.
        """
        workspace, name = self._workspace, self.resource.name
        with of_databricks(f"The job {name!r} can't be deployed", _host(workspace)):
            ExecutorJob(self.resource, workspace).ensure()

    def drift(self) -> "Iterable[Difference]":
        """Return where the job that stands for the executor differs from its config.

        Raises:
            JobError: Databricks refuses, or several jobs could be the executor's.
            JobConnectionError: It does not answer.
        """
        workspace, name = self._workspace, self.resource.name
        with of_databricks(f"The job {name!r} is not told of", _host(workspace)):
            return tuple(ExecutorJob(self.resource, workspace).drift())

    def blocks(self, estate: "Estate") -> "Iterable[Block]":
        """Return a job with the executor's cluster, and what it needs, as blocks of Terraform."""
        from glacier_databricks.terraform.job import job_blocks

        return job_blocks(estate, self.resource)

    def submit_job(self, job: ScriptJob) -> str:
        """Submit a run and return its id; one submission starts one run, whatever gets lost.

        A run that the workspace has no room for is queued by Databricks.

        Raises:
            ConfigError: Serverless compute, and no volume for the files of its runs.
            JobError: Databricks refuses, or its runtime can't run the job. Nothing was started.
            JobConnectionError: Databricks does not answer, and whether a run was started is not
                known.
            StorageError: Staging can't be written.
        """
        if job.requirements:
            self.check_runtime()
        if self._config.serverless and self._config.volume is None:
            raise ConfigError(
                f"{self.resource!r} is serverless compute, which starts no file of a bucket. Name "
                "a Unity Catalog volume for the files of its runs: "
                'DatabricksConfig(volume="/Volumes/catalog/schema/volume").'
            )
        content, fields = self._request(job)
        workspace = self._workspace
        what, host = f"The job {job.name!r} can't be started", _host(workspace)
        with of_databricks(what, host):
            self._files.put(job.token, content, workspace)
        client, patience = workspace.api_client, self.patience_seconds
        try:
            with of_databricks(what, host):
                return str(start_run(client, fields, patience_seconds=patience))
        except JobConnectionError as error:
            raise JobConnectionError(
                f"{error} If a run was started all the same, its parameter {launcher.TOKEN} is "
                f"{job.token}.",
                token=job.token,
            ) from error

    def get_job_status(self, job_id: str) -> JobStatus:
        """Return the state of a run."""
        run = self._run(job_id)
        status = status_of(run)
        if status is JobStatus.SUCCEEDED and job_id not in self._discarded:
            self._discarded.add(job_id)
            self._discard_file(run)
        return status

    def cancel_job(self, job_id: str) -> None:
        """Ask Databricks to stop a run, which takes it a while; nothing happens to an ended one."""
        if status_of(self._run(job_id)).is_final:
            return
        workspace = self._workspace
        with of_databricks(f"The run {job_id} can't be stopped", _host(workspace), job_id):
            workspace.jobs.cancel_run(int(job_id))

    def get_job_logs(self, job_id: str) -> str:
        """Return what a run has printed so far, the last 5 MB of it, and why it has failed."""
        run, workspace = self._run(job_id), self._workspace
        with of_databricks(f"The log of {job_id} can't be read", _host(workspace), job_id):
            return log_of(run, workspace)

    def read_job_logs(self, job_id: str, cursor: str = "") -> LogChunk:
        """Return what a run has printed since a cursor; Databricks tells of it when it has ended.

        What was printed last goes beyond the 5 MB that it keeps.
        """
        return super().read_job_logs(job_id, cursor)

    @property
    def _workspace(self) -> "WorkspaceClient":
        return workspace_of(self._config)

    def _request(self, job: ScriptJob) -> tuple[bytes, dict[str, Any]]:
        """Return the file of a run, and the request that starts it.

        Raises:
            PackageError: A secret of this process is in one of them.
        """
        content, carried = run_source(job)
        fields = run_fields(
            self._config,
            self.provider.config,
            self.provider.tags,
            job=job,
            python_file=self._files.path(job.token),
            sha256=hashlib.sha256(carried).hexdigest(),
        )
        check_no_secret("The settings of the job", json.dumps(fields).encode())
        return content, fields

    def _run(self, job_id: str) -> Mapping[str, Any]:
        """Return a run as the API tells of it: the SDK's own types drop states that are new."""
        if not job_id.isascii() or not job_id.isdigit():
            raise JobNotFoundError(
                f"{job_id!r} is no job of {self.resource!r}: the ids of Databricks' runs are "
                "numbers. Pass what submit_job returned.",
                job_id=job_id,
            )
        workspace = self._workspace
        with of_databricks(f"The run {job_id} is not told of", _host(workspace), job_id):
            answer = workspace.api_client.do("GET", _GET, query={"run_id": int(job_id)})
        return cast("Mapping[str, Any]", answer)

    def _discard_file(self, run: Mapping[str, Any]) -> None:
        """Remove the file of a run that has succeeded; it stays where that is refused."""
        for task in run.get("tasks", ()):
            python_file = str(task.get("spark_python_task", {}).get("python_file", ""))
            try:
                self._files.discard(python_file, self._workspace)
            except FAILURES as error:  # those of stores among them
                logger.info("%s can't be removed: %s", python_file, error)


def _host(workspace: "WorkspaceClient") -> str:
    return str(workspace.config.host)
