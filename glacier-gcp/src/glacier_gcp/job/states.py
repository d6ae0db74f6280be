"""The states of jobs and batches, in Glacier's words."""

import logging
from enum import IntEnum

from google.cloud.dataproc_v1 import Batch, Job
from google.cloud.dataproc_v1 import JobStatus as DataprocStatus

from glacier.job_status import JobStatus

logger = logging.getLogger("glacier.jobs")

STATES = {
    "PENDING": JobStatus.PENDING,
    "SETUP_DONE": JobStatus.PENDING,
    "RUNNING": JobStatus.RUNNING,
    "CANCEL_PENDING": JobStatus.RUNNING,
    "CANCEL_STARTED": JobStatus.RUNNING,
    "ATTEMPT_FAILURE": JobStatus.RUNNING,  # of jobs that Dataproc starts again
    "DONE": JobStatus.SUCCEEDED,
    "ERROR": JobStatus.FAILED,
    "CANCELLED": JobStatus.CANCELLED,
}
"""Dataproc's states of a job; any other one counts as running."""

STATES_OF_BATCHES = {
    "PENDING": JobStatus.PENDING,
    "RUNNING": JobStatus.RUNNING,
    "CANCELLING": JobStatus.RUNNING,
    "SUCCEEDED": JobStatus.SUCCEEDED,
    "FAILED": JobStatus.FAILED,
    "CANCELLED": JobStatus.CANCELLED,
}
"""Dataproc's states of a batch; any other one counts as running."""

_unknown: set[str] = set()


def state_of_job(job: Job) -> str:
    """Return the name of a job's state; a number, where the SDK has no name for it."""
    return _name(DataprocStatus.State, Job.pb(job).status.state)


def state_of_batch(batch: Batch) -> str:
    """Return the name of a batch's state; a number, where the SDK has no name for it."""
    return _name(Batch.State, Batch.pb(batch).state)


def status_of(job_id: str, state: str, known: dict[str, JobStatus]) -> JobStatus:
    """Return the status of a state that Dataproc tells; one that nobody knows is told of once."""
    if state not in known and state not in _unknown:
        _unknown.add(state)
        logger.warning("Dataproc says that the job %s is %s; taken for RUNNING.", job_id, state)
    return known.get(state, JobStatus.RUNNING)


def _name(states: type[IntEnum], number: int) -> str:
    # The SDK's own conversion warns of numbers that it does not know.
    return next((one.name for one in states if one.value == number), str(number))
