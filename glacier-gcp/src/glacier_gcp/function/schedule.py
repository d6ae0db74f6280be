"""The schedule of a Cloud Function: a job of Cloud Scheduler that calls it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import Conflict, Forbidden, NotFound
from google.cloud.scheduler_v1 import CloudSchedulerClient, Job

from glacier.differences import is_met
from glacier.drift import UNTOLD, Difference, differences
from glacier_gcp.function.messages import message_of, told
from glacier_gcp.function.request import config_of, job_name, job_request, parent_of

if TYPE_CHECKING:
    from glacier.resources import Serverless
    from glacier_gcp.session import GcpSession

_UPDATE_FAILED = Job.State.UPDATE_FAILED
"""The state in which a job tells of its new settings and does not run, until it is updated again:
https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs/patch"""


def check_schedule(function: "Serverless") -> None:
    """Refuse a schedule with settings that Google has no place for.

    Raises:
        FunctionError: It has some, or a secret among them.
    """
    wanted = job_request(function, "https://function")
    if wanted is not None:
        message_of(function, Job, wanted)


def settle_schedule(function: "Serverless", session: "GcpSession", uri: str) -> None:
    """Create, update or remove what calls a function by its schedule.

    Args:
        function: The function.
        session: Who does it.
        uri: Where the function is called.

    Raises:
        GoogleAPIError: Google refuses.
    """
    jobs = session.client(CloudSchedulerClient)
    given: Any = {"retry": session.retry, "timeout": session.config.read_timeout_seconds}
    name, wanted = job_name(function), job_request(function, uri)
    found = _found(function, session)
    if wanted is None:
        if found is not None:
            _remove(jobs, name, given)
        return
    job = message_of(function, Job, wanted)
    if found is None:
        try:
            jobs.create_job(parent=parent_of(function), job=job, **given)
        except Conflict:  # by another process, or its answer was lost
            jobs.update_job(job=job, **given)
        return
    if found.state == _UPDATE_FAILED or not is_met(wanted, told(found)):
        found = jobs.update_job(job=job, **given)
    if found.state == Job.State.PAUSED:
        jobs.resume_job(name=name, **given)


def schedule_drift(
    thing: str, function: "Serverless", session: "GcpSession", uri: str
) -> Iterator[Difference]:
    """Yield where what calls a function by its schedule differs.

    Raises:
        GoogleAPIError: Google refuses to tell.
    """
    found, wanted = _found(function, session), job_request(function, uri)
    if wanted is None or found is None:
        whole = {"schedule": (wanted or {}).get("schedule")}
        yield from differences(thing, whole, {"schedule": found.schedule if found else None})
        return
    # What somebody else has it send may be a secret.
    untold = {f"httpTarget.{name}" for name in ("body", "headers")}
    for one in differences(thing, {**wanted, "state": "ENABLED"}, told(found)):
        setting = one.setting if one.setting == "schedule" else f"schedule.{one.setting}"
        is_untold = one.found is not None and one.setting.startswith(tuple(untold))
        yield replace(one, setting=setting, found=UNTOLD if is_untold else one.found)


def _found(function: "Serverless", session: "GcpSession") -> Job | None:
    """Return the job that calls a function; None where there is none."""
    jobs = session.client(CloudSchedulerClient)
    given: Any = {"retry": session.retry, "timeout": session.config.read_timeout_seconds}
    try:
        return jobs.get_job(name=job_name(function), **given)
    except NotFound:
        return None
    except Forbidden as error:
        # Whoever has not enabled Cloud Scheduler has no schedule there.
        if config_of(function).schedule is not None or error.reason != "SERVICE_DISABLED":
            raise
        return None


def _remove(jobs: CloudSchedulerClient, name: str, given: Any) -> None:
    try:
        jobs.delete_job(name=name, **given)
    except NotFound:
        return  # by a request of this call whose answer was lost
