"""Jobs on Dataproc: on the cluster that stands for the executor, or as serverless batches."""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from google.api_core.exceptions import GoogleAPICallError

from glacier.adapters import ExecutorAdapter, LogChunk, ScriptJob
from glacier.drift import Difference
from glacier.errors import JobConnectionError, JobError
from glacier.job_status import JobStatus
from glacier.jobs.launchers import run_file, script_source
from glacier.jobs.staging import prepared_staging, staging_of
from glacier.known_secrets import check_no_secret
from glacier.resources.translation import translated
from glacier_gcp.job import launcher
from glacier_gcp.job.definition import launcher_path, launcher_source, script_fields
from glacier_gcp.job.deployment import ExecutorCluster
from glacier_gcp.job.errors import is_lost, of_dataproc
from glacier_gcp.job.libraries import wheels_for
from glacier_gcp.job.logs import DriverLog, driver_parts
from glacier_gcp.job.names import job_id_of
from glacier_gcp.job.runner import BatchRunner, ClusterRunner, Runner, Submission
from glacier_gcp.job.runtimes import python_of, runs_tasks
from glacier_gcp.labels import labels_of
from glacier_gcp.session import session_of

if TYPE_CHECKING:
    from glacier.provider import Provider
    from glacier.resources import Bucket, Executor
    from glacier.terraform import Block, Estate
    from glacier_gcp.config import DataprocConfig, GcpConfig
    from glacier_gcp.session import GcpSession

logger = logging.getLogger("glacier.jobs")


class DataprocAdapter(ExecutorAdapter):
    """Runs jobs on a cluster or as serverless batches; a job's id is what its submission chose.

    Attributes:
        patience_seconds: How long a submission tries where Google is busy or does not answer.
    """

    engine: ClassVar[Literal["python", "spark"]] = "spark"
    patience_seconds: float = 120.0

    def __init__(self, resource: "Executor", provider: "Provider") -> None:
        super().__init__(resource, provider)
        self._config = config = cast("DataprocConfig", resource.config)
        region = cast("GcpConfig", provider.config).region
        self._runner: Runner = (
            BatchRunner(config, region)
            if config.serverless
            else ClusterRunner(config, ExecutorCluster(resource.name, config, provider))
        )

    @property
    def python(self) -> str | None:
        """The minor version of Python that the configured image has; None if not known."""
        return python_of(self._config)

    def check_runtime(self) -> None:
        """Refuse functions and tasks on an image whose Python is too old for Glacier.

        Raises:
            JobError: It is older than 2.2, or a runtime of batches older than 1.2.
        """
        version = self._config.image_version
        if not runs_tasks(self._config):
            kind = "serverless runtime" if self._config.serverless else "image"
            raise JobError(
                f"{self.resource!r} is Dataproc's {kind} {version}, which runs Python "
                f"{self.python or '3.10 or older'}; Glacier's functions and tasks need Python "
                '3.11 or newer. Set DataprocConfig(image_version="2.2") or later. Scripts that '
                "need no Glacier run there as they are.",
                image_version=version,
            )

    def deploy(self) -> None:
        """Create the cluster with its packages, or update it in place; idempotent.

        Google takes a minute or two for a cluster. Serverless batches need nothing.
        """
        staging = prepared_staging(self.provider)
        with self._errors(f"The executor {self.resource.name!r} can't be deployed"):
            self._runner.deploy(staging.bucket_name)

    def drift(self) -> Iterable[Difference]:
        """Return where the cluster differs; there is nothing to differ of serverless batches."""
        staging = staging_of(self.provider)
        with self._errors(f"The executor {self.resource.name!r} is not told of"):
            return tuple(self._runner.drift(staging.bucket_name))

    def blocks(self, estate: "Estate") -> "Iterable[Block]":
        """Return the cluster, and the account that jobs run as, as blocks of Terraform."""
        from glacier_gcp.terraform.job import job_blocks

        return job_blocks(estate, self.resource)

    def submit_job(self, job: ScriptJob) -> str:
        """Start a job and return its id; one submission starts one job, whatever gets lost.

        A job that a cluster has no room for waits there.

        Raises:
            JobError: Dataproc refuses, its image can't run the job, or something that it lacks has
                no wheel. Nothing was started.
            JobConnectionError: Google does not answer, and whether a job was started is not known.
            StorageError: Staging can't be written.
        """
        if job.requirements:
            self.check_runtime()
        job_id = job_id_of(job.name, job.token)
        try:
            with self._errors(f"The job {job.name!r} can't be started"):
                self._start(job, job_id)
        except JobConnectionError as error:
            raise JobConnectionError(
                f"{error} If it was started all the same, its id is {job_id}.", job_id=job_id
            ) from error
        return job_id

    def get_job_status(self, job_id: str) -> JobStatus:
        """Return the state of a job."""
        with self._errors(f"The job {job_id} is not told of", job_id):
            return self._runner.told(self._session, job_id).status

    def cancel_job(self, job_id: str) -> None:
        """Ask Dataproc to stop a job; nothing happens to one that has ended."""
        with self._errors(f"The job {job_id} can't be stopped", job_id):
            told = self._runner.told(self._session, job_id)
            if told.status.is_final:
                return
            try:
                self._runner.cancel(self._session, job_id, told)
            except GoogleAPICallError as error:
                # It may have ended meanwhile, and Dataproc stops nothing that has.
                if is_lost(error) or not self._runner.told(self._session, job_id).status.is_final:
                    raise

    def get_job_logs(self, job_id: str) -> str:
        """Return what a job's driver has printed so far, the last 16 MiB of it."""
        with self._log(job_id) as log:
            return log.read_all()

    def read_job_logs(self, job_id: str, cursor: str = "") -> LogChunk:
        """Return what a job's driver has printed since a cursor, at most 1 MiB."""
        with self._log(job_id) as log:
            return log.read_piece(cursor)

    @property
    def _session(self) -> "GcpSession":
        return session_of(cast("GcpConfig", self.provider.config))

    @contextmanager
    def _errors(
        self, what: str, job_id: str | None = None, *, place: str | None = None
    ) -> Iterator[None]:
        place = place or self._runner.place
        with of_dataproc(what, session=self._session, place=place, job_id=job_id):
            yield

    def _start(self, job: ScriptJob, job_id: str) -> None:
        """Upload a job and start it."""
        missing, python = self._runner.missing(job.requirements)
        staging = prepared_staging(self.provider)
        wheels = self._wheels(missing, python, staging) if missing else None
        run = f"runs/{job.token}.json"
        content = self._run_file(job, wheels, staging)
        arguments = {
            launcher.RUN: self._uploaded(staging, run, content),
            launcher.SHA256: hashlib.sha256(content).hexdigest(),
            launcher.STORAGE: self._session.storage_endpoint,
        }
        file = self._uploaded(staging, launcher_path(), launcher_source())
        archive = None if wheels is None else wheels["wheels"]
        submission = Submission(
            job_id,
            job.token,
            script_fields(file, arguments, archive),
            archive,
            staging.bucket_name,
            labels_of(self.provider.tags),
        )
        fields = self._runner.fields(submission)
        check_no_secret("The settings of the job", json.dumps(fields).encode())
        self._runner.start(self._session, fields, submission, self.patience_seconds)

    def _run_file(
        self, job: ScriptJob, wheels: Mapping[str, str] | None, staging: "Bucket"
    ) -> bytes:
        """Upload a job's script and return what the launcher has to know of it."""
        source = script_source(job)
        path = f"scripts/{hashlib.sha256(source).hexdigest()}.py"
        known = {"wheels": None} if wheels is None else wheels
        content = run_file(job, source, self._uri(staging, path), **known)
        self._uploaded(staging, path, source)
        return content

    def _wheels(
        self, missing: tuple[str, ...], python: str, staging: "Bucket"
    ) -> Mapping[str, str]:
        """Upload what is lacking, where it isn't there already; return where, and its digest."""
        logger.info(
            "%s: %s lack%s %s, which travel as wheels.",
            self.resource.name,
            self._runner.place,
            "" if self._config.serverless else "s",
            ", ".join(missing),
        )
        archive, path = wheels_for(self.resource.name, python, missing)
        return {"wheels": self._uploaded(staging, path, archive), "wheels_sha256": Path(path).stem}

    def _uploaded(self, staging: "Bucket", path: str, content: bytes | Path) -> str:
        """Have an object with a content, whose name no other content has, and return its URI."""
        session = self._session
        options: dict[str, Any] = {"timeout": session.timeout, "retry": session.retry}
        with translated(staging):
            bucket = session.storage.bucket(staging.bucket_name)
            blob = bucket.blob(f"{staging.path}{path}")
            if not blob.exists(**options):
                if isinstance(content, Path):
                    blob.upload_from_filename(str(content), **options)
                else:
                    blob.upload_from_string(content, **options)
        return self._uri(staging, path)

    def _uri(self, staging: "Bucket", path: str) -> str:
        return f"{staging.get_uri()}{path}"

    @contextmanager
    def _log(self, job_id: str) -> Iterator[DriverLog]:
        session, what = self._session, f"The log of {job_id} can't be read"
        with self._errors(what, job_id):
            told = self._runner.told(session, job_id)
        is_ended, message = told.status.is_final, " ".join(told.message.split())
        closing = f"Dataproc: {told.state}: {message}\n" if is_ended and message else ""
        with self._errors(what, place=told.output):
            yield DriverLog(closing, is_ended, session, driver_parts(session, told.output))
