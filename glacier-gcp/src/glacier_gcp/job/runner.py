"""The two ways in which Dataproc runs a job: on a cluster, and as a serverless batch."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from google.cloud.dataproc_v1 import Batch, BatchControllerClient, Job, JobControllerClient

from glacier.job_status import JobStatus
from glacier_gcp.job.definition import batch_fields, job_fields
from glacier_gcp.job.deployment import ExecutorCluster, host_of, message_of
from glacier_gcp.job.libraries import missing_in_batches, missing_on
from glacier_gcp.job.start import start_batch, start_job
from glacier_gcp.job.states import (
    STATES,
    STATES_OF_BATCHES,
    state_of_batch,
    state_of_job,
    status_of,
)

if TYPE_CHECKING:
    from glacier_gcp.config import DataprocConfig
    from glacier_gcp.session import GcpSession


@dataclass(frozen=True, slots=True)
class Told:
    """What Dataproc tells of a job.

    Attributes:
        state: The state in its own words.
        status: The state in Glacier's.
        output: What the names of the objects with its output begin with; empty where it has none.
        message: What Dataproc says of the state.
        operation: What is cancelled instead of a batch.
    """

    state: str
    status: JobStatus
    output: str
    message: str
    operation: str = ""


@dataclass(frozen=True, slots=True)
class Submission:
    """What is to be run.

    Attributes:
        job_id: What the job is to be called.
        token: The submission's own name.
        script: The fields that say what to run, by `script_fields`.
        wheels: The URI of an archive with what is lacking; None for none.
        staging: The bucket for what drivers print.
        labels: Labels of everything that the provider makes.
    """

    job_id: str
    token: str
    script: Mapping[str, Any]
    wheels: str | None
    staging: str
    labels: Mapping[str, str]


class Runner(ABC):
    """Starts, follows and stops jobs.

    Args:
        config: The executor's config.
    """

    place: str
    """Where jobs run, as errors call it."""

    def __init__(self, config: "DataprocConfig") -> None:
        self._config = config

    @abstractmethod
    def deploy(self, staging: str) -> None:
        """Make what jobs run on, or update it in place."""

    @abstractmethod
    def missing(self, requirements: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        """Return what of some pins is not there and has to travel, and the Python there."""

    @abstractmethod
    def fields(self, submission: Submission) -> dict[str, Any]:
        """Return what Dataproc is asked to run, as REST has it."""

    @abstractmethod
    def start(
        self,
        session: "GcpSession",
        fields: Mapping[str, Any],
        submission: Submission,
        patience_seconds: float,
    ) -> None:
        """Start a job once."""

    @abstractmethod
    def told(self, session: "GcpSession", job_id: str) -> Told:
        """Return what Dataproc tells of a job."""

    @abstractmethod
    def cancel(self, session: "GcpSession", job_id: str, told: Told) -> None:
        """Ask Dataproc to stop a job."""


class ClusterRunner(Runner):
    """Runs jobs on a cluster.

    Args:
        config: The executor's config.
        cluster: The cluster.
    """

    def __init__(self, config: "DataprocConfig", cluster: ExecutorCluster) -> None:
        super().__init__(config)
        self._cluster = cluster
        self.place = f"the cluster {cluster.name!r}"

    def deploy(self, staging: str) -> None:
        """Make the cluster, or update it in place."""
        self._cluster.ensure(staging)

    def missing(self, requirements: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        """Return what the cluster lacks, and its Python."""
        return missing_on(self._cluster, self._config, requirements)

    def fields(self, submission: Submission) -> dict[str, Any]:
        """Return a job as REST has it."""
        return job_fields(
            self._cluster.name,
            self._config,
            job_id=submission.job_id,
            script=submission.script,
            wheels=submission.wheels,
            labels=submission.labels,
        )

    def start(
        self,
        session: "GcpSession",
        fields: Mapping[str, Any],
        submission: Submission,
        patience_seconds: float,
    ) -> None:
        """Start a job once."""
        job = message_of(Job, fields, "job")
        start_job(session, job, request_id=submission.token, patience_seconds=patience_seconds)

    def told(self, session: "GcpSession", job_id: str) -> Told:
        """Return what Dataproc tells of a job."""
        job = _jobs(session).get_job(
            _named(session, job_id),
            retry=session.retry,
            timeout=session.config.read_timeout_seconds,
        )
        state = state_of_job(job)
        status = status_of(job_id, state, STATES)
        return Told(state, status, job.driver_output_resource_uri, job.status.details)

    def cancel(self, session: "GcpSession", job_id: str, told: Told) -> None:  # noqa: ARG002
        """Ask Dataproc to stop a job."""
        _jobs(session).cancel_job(
            _named(session, job_id),
            retry=session.retry,
            timeout=session.config.read_timeout_seconds,
        )


class BatchRunner(Runner):
    """Runs jobs as serverless batches.

    Args:
        config: The executor's config.
        region: Where they run.
    """

    def __init__(self, config: "DataprocConfig", region: str) -> None:
        super().__init__(config)
        self.place = f"Dataproc's serverless batches in {region}"

    def deploy(self, staging: str) -> None:
        """Do nothing: a batch needs nothing that has to be made before."""

    def missing(self, requirements: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
        """Return what the runtime lacks, and its Python."""
        return missing_in_batches(self._config, requirements)

    def fields(self, submission: Submission) -> dict[str, Any]:
        """Return a batch as REST has it."""
        return batch_fields(
            self._config,
            script=submission.script,
            wheels=submission.wheels,
            staging=submission.staging,
            labels=submission.labels,
        )

    def start(
        self,
        session: "GcpSession",
        fields: Mapping[str, Any],
        submission: Submission,
        patience_seconds: float,
    ) -> None:
        """Start a batch once."""
        batch = message_of(Batch, fields, "batch")
        start_batch(
            session,
            batch,
            submission.job_id,
            request_id=submission.token,
            patience_seconds=patience_seconds,
        )

    def told(self, session: "GcpSession", job_id: str) -> Told:
        """Return what Dataproc tells of a batch."""
        config = session.config
        batch = _batches(session).get_batch(
            name=f"projects/{config.project}/locations/{config.region}/batches/{job_id}",
            retry=session.retry,
            timeout=config.read_timeout_seconds,
        )
        state = state_of_batch(batch)
        status = status_of(job_id, state, STATES_OF_BATCHES)
        output = batch.runtime_info.output_uri
        return Told(state, status, output, batch.state_message, batch.operation)

    def cancel(self, session: "GcpSession", job_id: str, told: Told) -> None:  # noqa: ARG002
        """Ask Dataproc to stop a batch: what is cancelled is the operation that runs it."""
        _batches(session).cancel_operation(
            {"name": told.operation},
            retry=session.retry,
            timeout=session.config.read_timeout_seconds,
        )


def _named(session: "GcpSession", job_id: str) -> dict[str, str]:
    config = session.config
    return {"project_id": config.project, "region": config.region, "job_id": job_id}


def _jobs(session: "GcpSession") -> JobControllerClient:
    return session.client(JobControllerClient, host_of(session))


def _batches(session: "GcpSession") -> BatchControllerClient:
    return session.client(BatchControllerClient, host_of(session))
