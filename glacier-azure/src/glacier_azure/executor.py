"""Jobs on Synapse: each a batch on the Spark pool that stands for the executor."""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal, cast

from azure.synapse.spark import SparkClient

from glacier.adapters import ExecutorAdapter, LogChunk, ScriptJob
from glacier.drift import Difference
from glacier.errors import JobConnectionError, JobError, JobNotFoundError
from glacier.job_status import JobStatus
from glacier.jobs.launchers import run_file, script_source
from glacier.jobs.staging import prepared_staging, staging_of
from glacier.known_secrets import check_no_secret
from glacier.resources.translation import translated
from glacier_azure.identity import secrets_of
from glacier_azure.job import launcher
from glacier_azure.job.definition import (
    batch_options,
    endpoint_of,
    launcher_path,
    launcher_source,
    python_of,
    runs_tasks,
    token_of,
)
from glacier_azure.job.deployment import SparkPool
from glacier_azure.job.errors import of_synapse
from glacier_azure.job.libraries import missing_on, wheels_for
from glacier_azure.job.logs import BatchLog
from glacier_azure.job.start import start_batch, told
from glacier_azure.management import http_settings
from glacier_azure.session import session_of

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient
    from azure.synapse.spark.models import SparkBatchJob

    from glacier.provider import Provider
    from glacier.resources import Bucket, Executor
    from glacier.terraform import Block, Estate
    from glacier_azure.config import AzureConfig, SynapseConfig
    from glacier_azure.session import AzureSession

logger = logging.getLogger("glacier.jobs")

RESULTS = {
    "Succeeded": JobStatus.SUCCEEDED,
    "Failed": JobStatus.FAILED,
    "Cancelled": JobStatus.CANCELLED,
}
"""Synapse's results of a batch; any other one leaves its state to be asked."""

STATES = {
    "not_started": JobStatus.PENDING,
    "starting": JobStatus.PENDING,
    "idle": JobStatus.RUNNING,
    "busy": JobStatus.RUNNING,
    "running": JobStatus.RUNNING,
    "recovering": JobStatus.RUNNING,
    "shutting_down": JobStatus.RUNNING,
    "success": JobStatus.SUCCEEDED,
    "error": JobStatus.FAILED,
    "dead": JobStatus.FAILED,
    "killed": JobStatus.CANCELLED,
}
"""Livy's states of a batch; any other one counts as running."""

SCOPE = "https://dev.azuresynapse.net/.default"
_unknown_states: set[str] = set()


class SynapseAdapter(ExecutorAdapter):
    """Runs jobs as batches on a Spark pool; the id of a job is that of its batch.

    Attributes:
        patience_seconds: How long a submission tries where Azure is busy or does not answer.
    """

    engine: ClassVar[Literal["python", "spark"]] = "spark"
    patience_seconds: float = 120.0

    def __init__(self, resource: "Executor", provider: "Provider") -> None:
        super().__init__(resource, provider)
        self._config = cast("SynapseConfig", resource.config)
        self._pool = SparkPool(resource.name, self._config, provider)

    @property
    def python(self) -> str | None:
        """The minor version of Python that the configured runtime has; None if not known."""
        return python_of(self._config.spark_version)

    def check_runtime(self) -> None:
        """Refuse functions and tasks on a runtime whose Python is too old for Glacier.

        Raises:
            JobError: It is older than 3.5.
        """
        version = self._config.spark_version
        if not runs_tasks(version):
            raise JobError(
                f"{self.resource!r} is Synapse's Spark {version}, which runs Python "
                f"{self.python or '3.10 or older'}; Glacier's functions and tasks need Python "
                '3.11 or newer. Set SynapseConfig(spark_version="3.5") or later, and the pool to '
                "it. Scripts that need no Glacier run there as they are.",
                spark_version=version,
            )

    def deploy(self) -> None:
        """Create the Spark pool with its libraries, or update it in place; idempotent.

        Azure takes some minutes for new libraries. The workspace has to be there.
        """
        with self._errors(f"The Spark pool {self._config.spark_pool!r} can't be deployed"):
            self._pool.ensure()

    def drift(self) -> Iterable[Difference]:
        """Return where the Spark pool differs from what its config says."""
        with self._errors(f"The Spark pool {self._config.spark_pool!r} is not told of"):
            return tuple(self._pool.drift())

    def blocks(self, estate: "Estate") -> "Iterable[Block]":
        """Return the workspace and its Spark pool as blocks of Terraform."""
        from glacier_azure.terraform.job import job_blocks

        return job_blocks(estate, self.resource)

    def submit_job(self, job: ScriptJob) -> str:
        """Start a batch and return its id; one submission starts one batch, whatever gets lost.

        A batch that the pool has no room for is queued by Synapse.

        Raises:
            JobError: Synapse refuses, its runtime can't run the job, or something that the pool
                lacks has no wheel. Nothing was started.
            JobConnectionError: Azure does not answer, and whether a batch was started is not known.
            StorageError: Staging can't be written.
        """
        if job.requirements:
            self.check_runtime()
        try:
            with self._errors(f"The job {job.name!r} can't be started"):
                return self._submitted(job)
        except JobConnectionError as error:
            raise JobConnectionError(
                f"{error} If a batch was started all the same, its tag "
                f"{launcher.TOKEN.strip('-')} is {job.token}.",
                token=job.token,
            ) from error

    def get_job_status(self, job_id: str) -> JobStatus:
        """Return the state of a batch."""
        return _status(self._batch(job_id))

    def cancel_job(self, job_id: str) -> None:
        """Ask Synapse to stop a batch; nothing happens to one that has ended."""
        if self.get_job_status(job_id).is_final:
            return
        with self._errors(f"The batch {job_id} can't be stopped", job_id):
            self._client.spark_batch.cancel_spark_batch_job(int(job_id))

    def get_job_logs(self, job_id: str) -> str:
        """Return what a batch has printed so far, the last 16 MiB of it."""
        log = self._log(job_id)
        with self._errors(f"The log of {job_id} can't be read"):
            return log.read_all()

    def read_job_logs(self, job_id: str, cursor: str = "") -> LogChunk:
        """Return what a batch has printed since a cursor, at most 1 MiB."""
        log = self._log(job_id)
        with self._errors(f"The log of {job_id} can't be read"):
            return log.read_piece(cursor)

    @property
    def _session(self) -> "AzureSession":
        return session_of(cast("AzureConfig", self.provider.config))

    @property
    def _client(self) -> SparkClient:
        return _client(self._session, endpoint_of(self._config), self._config.spark_pool)

    @contextmanager
    def _errors(self, what: str, job_id: str | None = None) -> Iterator[None]:
        config = self._config
        with of_synapse(
            what,
            workspace=config.workspace,
            spark_pool=config.spark_pool,
            job_id=job_id,
            secrets=secrets_of(self._session),
        ):
            yield

    def _submitted(self, job: ScriptJob) -> str:
        """Upload a job, start a batch of it and return its id."""
        missing = missing_on(self._pool, job.requirements) if job.requirements else ()
        staging = prepared_staging(self.provider)
        files, content = self._files(job, staging)
        wheels = self._wheels(missing, staging) if missing else None
        arguments = {
            launcher.RUN: f"{job.token}.json",
            launcher.SHA256: hashlib.sha256(content).hexdigest(),
            launcher.LOG: _spark_uri(staging, log_path(job.token)),
            launcher.TOKEN: job.token,
        }
        options = batch_options(
            self._config,
            name=job.name,
            token=job.token,
            file=self._uploaded(staging, launcher_path(), launcher_source()),
            arguments=[word for pair in arguments.items() for word in pair],
            files=files,
            wheels=wheels,
        )
        check_no_secret("The settings of the job", json.dumps(options).encode())
        started = start_batch(
            self._client, options, job.token, patience_seconds=self.patience_seconds
        )
        return str(started)

    def _files(self, job: ScriptJob, staging: "Bucket") -> tuple[Sequence[str], bytes]:
        """Upload a job's script and what the launcher has to know of it; return their URIs."""
        source = script_source(job)
        name, path = f"{hashlib.sha256(source).hexdigest()}.py", f"runs/{job.token}.json"
        content = run_file(job, source, name, file=f"{staging.path}{path}")
        script = self._uploaded(staging, f"scripts/{name}", source)
        return [self._uploaded(staging, path, content), script], content

    def _wheels(self, missing: tuple[str, ...], staging: "Bucket") -> str:
        """Upload what the pool lacks, where it isn't there already, and return its URI."""
        logger.info(
            "%s: the Spark pool lacks %s, which travel as wheels.",
            self.resource.name,
            ", ".join(missing),
        )
        archive, path = wheels_for(self.resource.name, self.python or "3.11", missing)
        return self._uploaded(staging, path, archive)

    def _uploaded(self, staging: "Bucket", path: str, content: bytes | Path) -> str:
        """Have a blob with a content, whose name no other content has, and return its URI."""
        blob = self._blob(staging, path)
        with translated(staging):
            if not blob.exists():
                if isinstance(content, Path):
                    with content.open("rb") as file:
                        blob.upload_blob(file, overwrite=True)
                else:
                    blob.upload_blob(content, overwrite=True)
        return _spark_uri(staging, path)

    def _blob(self, staging: "Bucket", path: str) -> "BlobClient":
        return self._session.blobs.get_blob_client(staging.bucket_name, f"{staging.path}{path}")

    def _batch(self, job_id: str) -> "SparkBatchJob":
        if not job_id.isascii() or not job_id.isdigit():
            raise JobNotFoundError(
                f"{job_id!r} is no job of {self.resource!r}: the ids of Synapse's batches are "
                "numbers. Pass what submit_job returned.",
                job_id=job_id,
            )
        with self._errors(f"The batch {job_id} is not told of", job_id):
            return self._client.spark_batch.get_spark_batch_job(int(job_id), detailed=True)

    def _log(self, job_id: str) -> BatchLog:
        batch = self._batch(job_id)
        status = _status(batch)
        problems = [f"{one.error_code}: {one.message}" for one in batch.errors or ()]
        closing = "".join(f"Synapse: {batch.result}: {one}\n" for one in problems)
        token = token_of(told(batch))
        blob = self._blob(staging_of(self.provider), log_path(token or f"of-others/{job_id}"))
        livy = (batch.log_lines or []) if status is JobStatus.FAILED else []
        return BatchLog(closing if status.is_final else "", status.is_final, blob, livy)


def log_path(token: str) -> str:
    """Return where a submission's log lies below the provider's staging."""
    return f"logs/{token}.txt"


def _spark_uri(staging: "Bucket", path: str) -> str:
    """Return a URI as Spark's connector takes it, over TLS."""
    return f"{staging.get_uri()}{path}".replace("abfs://", "abfss://", 1)


@lru_cache(maxsize=64)
def _client(session: "AzureSession", endpoint: str, spark_pool: str) -> SparkClient:
    return SparkClient(
        session.token_credential,
        endpoint,
        spark_pool,
        connection_timeout=session.config.connect_timeout_seconds,
        read_timeout=session.config.read_timeout_seconds,
        retry_total=session.config.max_retries,
        **http_settings(session, endpoint, SCOPE),
    )


def _status(batch: "SparkBatchJob") -> JobStatus:
    result = RESULTS.get(str(batch.result))
    if result is not None:
        return result
    state = str(batch.state)
    if state not in STATES and state not in _unknown_states:
        _unknown_states.add(state)
        logger.warning("Synapse says that the batch %s is %s; taken for RUNNING.", batch.id, state)
    return STATES.get(state, JobStatus.RUNNING)
