"""Starting a run of a Glue job once, though its request may have to be repeated.

`StartJobRun` takes no token: a request whose answer was lost may have started a run. So each run
carries an argument that no other one has, and before a request is repeated the job's runs are
looked through for it.
"""

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from glacier.errors import JobError
from glacier_aws.errors import code_of
from glacier_aws.job.errors import FAILURES, is_lost, is_throttled
from glacier_aws.job.launcher import TOKEN

if TYPE_CHECKING:
    from mypy_boto3_glue import GlueClient

_FULL = "ConcurrentRunsExceededException"
_LOOKS = 3
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 15.0
_CLOCK_SKEW = timedelta(hours=1)
_RUNS_PER_PAGE = 200


def start_run(
    client: "GlueClient",
    once: "GlueClient",
    job_name: str,
    arguments: Mapping[str, str],
    *,
    patience_seconds: float,
) -> str:
    """Start a run of a job and return its id.

    Args:
        client: Asks for the job's runs.
        once: A client that does not repeat requests by itself, which starts the run.
        job_name: The job.
        arguments: The run's arguments; `TOKEN` among them is found in no other run.
        patience_seconds: How long to try where the job has its most runs, or AWS is busy.

    Raises:
        JobError: The job has its most runs all the time.
        ClientError: Glue refuses.
        HTTPClientError: It doesn't answer.
    """
    token, begin = arguments[TOKEN], datetime.now(UTC)
    deadline, pause = time.monotonic() + patience_seconds, _FIRST_PAUSE_SECONDS
    is_in_doubt = False
    while True:
        try:
            return once.start_job_run(JobName=job_name, Arguments=dict(arguments))["JobRunId"]
        except FAILURES as error:
            is_in_doubt = is_in_doubt or is_lost(error)
            if is_in_doubt:  # a run may come late, and be found when its request is repeated
                try:
                    found = _found(client, job_name, token, begin - _CLOCK_SKEW)
                except FAILURES as problem:
                    raise error from problem  # whether there is a run is not known
                if found is not None:
                    return found
            is_over, is_full = time.monotonic() + pause > deadline, code_of(error) == _FULL
            if is_full and is_over:
                raise JobError(
                    f"The job {job_name!r} had its most runs for {patience_seconds:.0f} s, and "
                    "Glue starts no more of them. Raise GlueConfig(max_concurrent_runs=...), or "
                    "submit again when some have ended.",
                    job=job_name,
                ) from error
            if is_over or not (is_full or is_lost(error) or is_throttled(error)):
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)


def _found(client: "GlueClient", job_name: str, token: str, since: datetime) -> str | None:
    """Return the run with a token; looked for several times, since it may come late."""
    for look in range(_LOOKS):
        time.sleep(look * _FIRST_PAUSE_SECONDS)
        pages = client.get_paginator("get_job_runs").paginate(
            JobName=job_name, PaginationConfig={"PageSize": _RUNS_PER_PAGE}
        )
        for page in pages:
            for run in page["JobRuns"]:
                if run.get("Arguments", {}).get(TOKEN) == token:
                    return run["Id"]
            # The newest come first.
            if page["JobRuns"] and page["JobRuns"][-1]["StartedOn"] < since:
                break
    return None
