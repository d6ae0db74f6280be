"""What Databricks says of jobs, in Glacier's words."""

from collections.abc import Iterator
from contextlib import contextmanager

from databricks.sdk.errors import (
    DeadlineExceeded,
    InternalError,
    NotFound,
    PermissionDenied,
    TemporarilyUnavailable,
    TooManyRequests,
    Unauthenticated,
)
from databricks.sdk.errors.base import DatabricksError
from requests import RequestException

from glacier.errors import GlacierError, JobConnectionError, JobError, JobNotFoundError

FAILURES = (OSError, ValueError)
"""What the SDK raises where a request fails: an `OSError` where Databricks refuses it, nobody
answers, or a program that logs people in has no token; a `ValueError` where whoever gives out
tokens gives none."""

_REFUSALS = (
    "access_denied",
    "invalid_client",
    "invalid_grant",
    "invalid_request",
    "invalid_scope",
    "unauthorized_client",
    "unsupported_grant_type",
)
"""What OAuth calls it that somebody gets no token (RFC 6749, section 5.2)."""

_PASSING = (TooManyRequests, TemporarilyUnavailable, DeadlineExceeded, InternalError)


def is_passing(error: BaseException) -> bool:
    """Return whether a request may succeed later: nobody has answered, or only 'not now'."""
    if isinstance(error, DatabricksError):
        # It is no more than that for a status that the SDK does not know, as a gateway's 502.
        return isinstance(error, _PASSING) or type(error) is DatabricksError
    if isinstance(error, ValueError) and not isinstance(error, RequestException):
        # That of whoever gives out tokens, who may also be busy, and then says anything.
        return not any(code in str(error) for code in _REFUSALS)
    return isinstance(error, RequestException | TimeoutError | ConnectionError)


def is_unanswered(error: BaseException | None) -> bool:
    """Return whether nobody has answered behind an error, of which the SDK makes another one."""
    while error is not None:
        if isinstance(error, RequestException | TimeoutError | ConnectionError):
            return True
        error = error.__cause__
    return False


def without_settings(said: str) -> str:
    """Return what the SDK says, without the settings that it lists behind that."""
    return said.partition(" Config: ")[0].partition("\n")[0].rstrip(". ")


@contextmanager
def of_databricks(what: str, host: str, job_id: str | None = None) -> Iterator[None]:
    """Turn errors of requests about a job into Glacier's.

    Args:
        what: What was tried, as the start of a sentence: 'The job x can't be started'.
        host: The workspace.
        job_id: The run that it is about, where it is about one.

    Raises:
        JobNotFoundError: There is no such run.
        JobError: Databricks refuses.
        JobConnectionError: It does not answer, or only that it can't at the moment.
    """
    try:
        yield
    except GlacierError:
        raise
    except FAILURES as error:
        raise _translated(error, what, host, job_id) from error


def _translated(error: Exception, what: str, host: str, job_id: str | None) -> JobError:
    said = _said(error)
    if is_passing(error):
        return JobConnectionError(
            f"{what}, since the workspace {host} does not answer: {said}. Check "
            "DatabricksConfig(host=...) and the network; or try again later."
        )
    if job_id is not None and (isinstance(error, NotFound) or "does not exist" in said):
        return JobNotFoundError(
            f"The workspace {host} has no run {job_id!r}, or keeps it no longer: {said}. Ask with "
            "the workspace of the executor that submitted it.",
            job_id=job_id,
        )
    advice = _advice(error)
    return JobError(f"{what} in the workspace {host}: {said}.{f' {advice}' if advice else ''}")


def _said(error: BaseException) -> str:
    cause = error.__cause__ if isinstance(error, TimeoutError) else None
    said = without_settings(" ".join(str(cause or error).split()))
    code = getattr(cause or error, "error_code", None)
    return f"{code}: {said}" if code and code not in said else said


def _advice(error: Exception) -> str:
    """Return what to do about an error; nothing where it says so itself."""
    if isinstance(error, PermissionDenied) and "access token" not in str(error):
        return (
            "Give the identity the right to create clusters, to use the one of "
            "existing_cluster_id, or that of policy_id; and to write to the volume. deploy() and "
            "drift() need it to manage the executor's job, and to write to /Shared/glacier."
        )
    is_of_requests = isinstance(error, DatabricksError)
    if not is_of_requests or isinstance(error, Unauthenticated | PermissionDenied):
        return (
            "The token or secret is not, or no longer, one of this workspace. Set a new one in "
            "DatabricksConfig(token=...) or DATABRICKS_TOKEN, or use client_id and client_secret; "
            "or log in again."
        )
    return next((advice for said, advice in _ADVICE.items() if said in str(error)), "")


_ADVICE = {
    "Node type": (
        "Set DatabricksConfig(instance_type=...) to a machine of the workspace's cloud, such as "
        "m5.xlarge on AWS, Standard_D4s_v3 on Azure or n2-standard-4 on Google Cloud. Where none "
        "is set the provider's cloud decides: it has to be the workspace's."
    ),
    "spark version": (
        "Set DatabricksConfig(spark_version=...) to a runtime's key, such as 15.4.x-scala2.12, or "
        "leave it out."
    ),
    "volume": (
        "Create the volume (CREATE VOLUME catalog.schema.name), or correct "
        "DatabricksConfig(volume='/Volumes/catalog/schema/name')."
    ),
    "instance pool": "Correct DatabricksConfig(instance_pool_id=...).",
    "Cluster": "Correct DatabricksConfig(existing_cluster_id=...).",
}
"""What to do about what Databricks says, by a part of it."""
