"""Starting a job or a batch once, though its request may have to be repeated.

A request has an id, so that Dataproc answers its repetition with what it has started already; and
the job has a name that no other one has, by which it is known where that id was forgotten.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import Conflict, NotFound
from google.cloud.dataproc_v1 import Batch, BatchControllerClient, Job, JobControllerClient

from glacier_gcp.job.deployment import host_of

if TYPE_CHECKING:
    from glacier_gcp.session import GcpSession


def start_job(session: "GcpSession", job: Job, *, request_id: str, patience_seconds: float) -> None:
    """Start a job, which has its id already, on a cluster.

    Args:
        session: Whose identity starts it.
        job: The job.
        request_id: The submission's own name.
        patience_seconds: How long to try where Google is busy or does not answer.

    Raises:
        GoogleAPIError: Dataproc refuses, or does not answer.
    """
    config = session.config
    request = {
        "project_id": config.project,
        "region": config.region,
        "job": job,
        "request_id": request_id,
    }
    jobs = session.client(JobControllerClient, host_of(session))
    named = {
        "project_id": config.project,
        "region": config.region,
        "job_id": job.reference.job_id,
    }
    given: Any = {"timeout": config.read_timeout_seconds}
    patient = session.retry.with_timeout(patience_seconds)
    _once(
        lambda: jobs.submit_job(request, retry=patient, **given),
        lambda: jobs.get_job(named, retry=patient, **given),
    )


def start_batch(
    session: "GcpSession",
    batch: Batch,
    batch_id: str,
    *,
    request_id: str,
    patience_seconds: float,
) -> None:
    """Start a serverless batch; as `start_job`.

    Args:
        session: Whose identity starts it.
        batch: The batch.
        batch_id: What it is to be called.
        request_id: The submission's own name.
        patience_seconds: How long to try where Google is busy or does not answer.

    Raises:
        GoogleAPIError: Dataproc refuses, or does not answer.
    """
    config = session.config
    parent = f"projects/{config.project}/locations/{config.region}"
    request = {
        "parent": parent,
        "batch": batch,
        "batch_id": batch_id,
        "request_id": request_id,
    }
    batches = session.client(BatchControllerClient, host_of(session))
    given: Any = {"timeout": config.read_timeout_seconds}
    patient = session.retry.with_timeout(patience_seconds)
    _once(
        lambda: batches.create_batch(request, retry=patient, **given),
        lambda: batches.get_batch(name=f"{parent}/batches/{batch_id}", retry=patient, **given),
    )


def _once(start: Callable[[], object], find: Callable[[], object]) -> None:
    """Start something; a conflict is none with an earlier try of the same, by which it is there."""
    try:
        start()
    except Conflict as conflict:
        try:
            find()
        except NotFound:
            raise conflict from None
