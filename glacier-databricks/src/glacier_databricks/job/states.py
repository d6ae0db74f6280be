"""The states of Databricks' runs."""

import logging
from typing import TYPE_CHECKING

from databricks.sdk.service.jobs import RunLifecycleStateV2State, TerminationCodeCode

from glacier.job_status import JobStatus

if TYPE_CHECKING:
    from databricks.sdk.service.jobs import Run

logger = logging.getLogger("glacier.jobs")

STATES = {
    RunLifecycleStateV2State.QUEUED: JobStatus.PENDING,
    RunLifecycleStateV2State.PENDING: JobStatus.PENDING,
    RunLifecycleStateV2State.BLOCKED: JobStatus.PENDING,
    RunLifecycleStateV2State.WAITING: JobStatus.PENDING,
    RunLifecycleStateV2State.RUNNING: JobStatus.RUNNING,
    RunLifecycleStateV2State.TERMINATING: JobStatus.RUNNING,
}
"""The states of a run that goes on; any other one but TERMINATED counts as running."""

ENDS = {
    TerminationCodeCode.SUCCESS: JobStatus.SUCCEEDED,
    TerminationCodeCode.SUCCESS_WITH_FAILURES: JobStatus.SUCCEEDED,
    TerminationCodeCode.CANCELED: JobStatus.CANCELLED,
    TerminationCodeCode.USER_CANCELED: JobStatus.CANCELLED,
}
"""Why a run has ended; it has failed for every other reason."""

_unknown_states: set[str] = set()


def status_of(run: "Run") -> JobStatus:
    """Return the state of a run."""
    status = run.status
    state = None if status is None else status.state
    if state is RunLifecycleStateV2State.TERMINATED:
        details = None if status is None else status.termination_details
        code = None if details is None else details.code
        return JobStatus.FAILED if code is None else ENDS.get(code, JobStatus.FAILED)
    if state is None or state not in STATES:
        told = str(state)
        if told not in _unknown_states:
            _unknown_states.add(told)
            logger.warning(
                "Databricks says that the run %s is %s; taken for RUNNING.", run.run_id, told
            )
        return JobStatus.RUNNING
    return STATES[state]
