"""The states of Databricks' runs."""

import logging
from collections.abc import Mapping
from typing import Any

from glacier.job_status import JobStatus

logger = logging.getLogger("glacier.jobs")

ENDED = "TERMINATED"
"""The state of a run that has ended, for whatever reason."""

STATES = {
    "QUEUED": JobStatus.PENDING,
    "PENDING": JobStatus.PENDING,
    "BLOCKED": JobStatus.PENDING,
    "WAITING": JobStatus.PENDING,
    "RUNNING": JobStatus.RUNNING,
    "TERMINATING": JobStatus.RUNNING,
}
"""The states of a run that goes on; any other one but `ENDED` counts as running."""

ENDS = {
    "SUCCESS": JobStatus.SUCCEEDED,
    "SUCCESS_WITH_FAILURES": JobStatus.SUCCEEDED,
    "CANCELED": JobStatus.CANCELLED,
    "USER_CANCELED": JobStatus.CANCELLED,
}
"""Why a run has ended; it has failed for every other reason."""

# Databricks also cancels a run that takes too long; only its older field tells which of both it is.
_TOO_LONG = "TIMEDOUT"
_unknown_states: set[str] = set()


def status_of(run: Mapping[str, Any]) -> JobStatus:
    """Return the state of a run, as the API tells it."""
    state = str((run.get("status") or {}).get("state"))
    if state == ENDED:
        if (run.get("state") or {}).get("result_state") == _TOO_LONG:
            return JobStatus.FAILED
        return ENDS.get(end_of(run)[0], JobStatus.FAILED)
    if state not in STATES and state not in _unknown_states:
        _unknown_states.add(state)
        logger.warning(
            "Databricks says that the run %s is %s; taken for RUNNING.", run.get("run_id"), state
        )
    return STATES.get(state, JobStatus.RUNNING)


def end_of(run: Mapping[str, Any]) -> tuple[str, str]:
    """Return why a run has ended: Databricks' code, and its words."""
    details = (run.get("status") or {}).get("termination_details") or {}
    return str(details.get("code", "")), str(details.get("message") or "")
