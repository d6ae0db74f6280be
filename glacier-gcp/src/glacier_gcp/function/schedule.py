"""The schedule of a Cloud Function: a job of Cloud Scheduler that calls it."""

from typing import TYPE_CHECKING, Any

from google.api_core.exceptions import Conflict, Forbidden, NotFound
from google.cloud.scheduler_v1 import CloudSchedulerClient, Job

from glacier.differences import is_met
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
    elif found.state == _UPDATE_FAILED or not is_met(wanted, told(found)):
        jobs.update_job(job=job, **given)


def present_schedule(function: "Serverless", session: "GcpSession") -> str | None:
    """Return the schedule by which a function is called; None for none.

    Raises:
        GoogleAPIError: Google refuses to tell.
    """
    found = _found(function, session)
    return None if found is None else str(found.schedule)


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
