"""What Synapse, and Resource Manager about it, say in Glacier's words."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from glacier.errors import JobConnectionError, JobError, JobNotFoundError
from glacier_azure.answers import code_of, hide_secrets, said_by

_DENIED, _MISSING, _TIMEOUT, _THROTTLED = 403, 404, 408, 429
_FIRST_REFUSAL, _FIRST_SERVER_ERROR = 400, 500


def status_of(error: BaseException) -> int:
    """Return the status of an answer; 0 where there was none."""
    return (error.status_code or 0) if isinstance(error, HttpResponseError) else 0


def is_missing(error: BaseException) -> bool:
    """Return whether something was not found."""
    return status_of(error) == _MISSING


def is_throttled(error: BaseException) -> bool:
    """Return whether a request was refused for there being too many, so that nothing was done."""
    return status_of(error) == _THROTTLED


def is_lost(error: BaseException) -> bool:
    """Return whether an answer was lost: what was asked for may have been done."""
    status = status_of(error)
    if status:
        is_whole = _FIRST_REFUSAL <= status < _FIRST_SERVER_ERROR
        return not is_whole or status == _TIMEOUT
    if isinstance(error, ClientAuthenticationError):  # there is no identity
        return False
    # The SDK says the last where an answer breaks off.
    return isinstance(error, ServiceRequestError | ServiceResponseError | HttpResponseError)


@contextmanager
def of_synapse(
    what: str,
    *,
    workspace: str,
    spark_pool: str,
    job_id: str | None = None,
    secrets: Iterable[str] = (),
) -> Iterator[None]:
    """Turn errors of requests about a job into Glacier's.

    Args:
        what: What was tried, as the start of a sentence: 'The job x can't be started'.
        workspace: The workspace.
        spark_pool: The pool.
        job_id: The batch that it is about, where it is about one.
        secrets: What the errors' texts must not repeat.

    Raises:
        JobNotFoundError: There is no such batch.
        JobError: Synapse refuses.
        JobConnectionError: It does not answer, or only that it can't at the moment.
    """
    try:
        yield
    except AzureError as error:
        hide_secrets(error, secrets)
        place = f"Spark pool {spark_pool!r} of the workspace {workspace!r}"
        raise _translated(error, what, place, job_id) from error


def _translated(error: AzureError, what: str, place: str, job_id: str | None) -> JobError:
    said = _said(error)
    if is_lost(error) or is_throttled(error):
        return JobConnectionError(
            f"{what}, since Azure does not answer for the {place}: {said} Check the network, and "
            "that there is such a workspace (SynapseConfig(workspace=...)); or try again later.",
        )
    if is_missing(error) and job_id is not None:
        return JobNotFoundError(
            f"The {place} has no batch {job_id!r}. Ask with the workspace and pool of the executor "
            f"that submitted it. Azure says: {said}",
            job_id=job_id,
        )
    return JobError(f"{what} on the {place}: {said} {_advice(error)}".rstrip())


def _said(error: AzureError) -> str:
    code, said = code_of(error), said_by(error)
    return f"{said}." if not code or code in said else f"{code}: {said}."


def _advice(error: AzureError) -> str:
    """Return what to do about an error; nothing where it says so itself."""
    status = status_of(error)
    if status == _DENIED:
        return (
            "Give the identity of the provider's config the role Synapse Compute Operator in the "
            "workspace, and Contributor on the pool where that is to be deployed."
        )
    if status == _MISSING:
        return (
            "Make the pool by executor.deploy(), or pool and workspace by Terraform; or correct "
            "SynapseConfig(workspace=..., spark_pool=...)."
        )
    if isinstance(error, ClientAuthenticationError):
        return (
            "Set client_id, client_secret and tenant_id in AzureConfig, or sign in with "
            "`az login`: the storage account's key is no identity for Synapse."
        )
    return ""
