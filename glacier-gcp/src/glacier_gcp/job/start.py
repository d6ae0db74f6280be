"""Starting a job or a batch once, though its request may have to be repeated.

A request has an id, so that Dataproc answers its repetition with what it has started already; and
the job has a name that no other one has, by which it is known where that id was forgotten.
"""

from typing import TYPE_CHECKING

from google.api_core.exceptions import GoogleAPICallError
from google.cloud.dataproc_v1 import Batch, BatchControllerClient, Job, JobControllerClient

from glacier_gcp.job.deployment import host_of
from glacier_gcp.job.errors import is_there_already

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
    try:
        session.client(JobControllerClient, host_of(session)).submit_job(
            request,
            retry=session.retry.with_timeout(patience_seconds),
            timeout=config.read_timeout_seconds,
        )
    except GoogleAPICallError as error:
        if not is_there_already(error):
            raise


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
    request = {
        "parent": f"projects/{config.project}/locations/{config.region}",
        "batch": batch,
        "batch_id": batch_id,
        "request_id": request_id,
    }
    try:
        session.client(BatchControllerClient, host_of(session)).create_batch(
            request,
            retry=session.retry.with_timeout(patience_seconds),
            timeout=config.read_timeout_seconds,
        )
    except GoogleAPICallError as error:
        if not is_there_already(error):
            raise
