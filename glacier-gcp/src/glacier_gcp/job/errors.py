"""What Dataproc says, in Glacier's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from google.api_core.exceptions import GoogleAPIError, RetryError
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError, TransportError
from requests import RequestException

from glacier.errors import JobConnectionError, JobError, JobNotFoundError
from glacier_gcp.answers import answer_of
from glacier_gcp.errors import identity_of

if TYPE_CHECKING:
    from glacier_gcp.session import GcpSession

FAILURES = (GoogleAPIError, GoogleAuthError, RequestException, TimeoutError)

_DENIED, _MISSING = (401, 403), 404
_BUSY = (408, 429)
_FIRST_SERVER_ERROR = 500


def status_of(error: BaseException) -> int:
    """Return the status of an answer; 0 where there was none."""
    answer = answer_of(error)
    return answer.status if answer is not None else 0


def is_missing(error: BaseException) -> bool:
    """Return whether something was not found."""
    return status_of(error) == _MISSING


def is_denied(error: BaseException) -> bool:
    """Return whether the caller may not do what was asked."""
    return status_of(error) in _DENIED


def is_lost(error: BaseException) -> bool:
    """Return whether Google does not answer at the moment: what was asked may have been done."""
    status = status_of(error)
    if status:
        return status >= _FIRST_SERVER_ERROR or status in _BUSY
    return isinstance(error, RequestException | RetryError | TransportError | TimeoutError)


@contextmanager
def of_dataproc(
    what: str, *, session: "GcpSession", place: str, job_id: str | None = None
) -> Iterator[None]:
    """Turn errors of requests about a job into Glacier's.

    Args:
        what: What was tried, as the start of a sentence: 'The job x can't be started'.
        session: Whose identity has asked.
        place: Where the job runs: a cluster, or batches of a region; for a log, its URI.
        job_id: The job that it is about, where it is about one.

    Raises:
        JobNotFoundError: There is no such job.
        JobError: Dataproc refuses.
        JobConnectionError: It does not answer, or only that it can't at the moment.
    """
    try:
        yield
    except FAILURES as error:
        raise _translated(error, what, session, place, job_id) from error


def _translated(
    error: Exception, what: str, session: "GcpSession", place: str, job_id: str | None
) -> JobError:
    answer = answer_of(error)
    said = f"{answer.told if answer else error}.".replace("..", ".")
    if is_lost(error):
        return JobConnectionError(
            f"{what}, since Google Cloud does not answer for {place}: {said} Check the network, "
            "and project, region and endpoint in GcpConfig; or try again later."
        )
    if is_missing(error) and job_id is not None:
        return JobNotFoundError(
            f"There is no job {job_id!r} on {place}. Ask with the config of the executor that "
            f"submitted it, and its project and region. Google says: {said}",
            job_id=job_id,
        )
    return JobError(f"{what} on {place}: {said} {_advice(error, session, place)}".rstrip())


def _advice(error: Exception, session: "GcpSession", place: str) -> str:
    """Return what to do about an error; nothing where it says so itself."""
    if isinstance(error, DefaultCredentialsError):
        return (
            "Set GcpConfig(service_account_key_path=...), or run "
            "`gcloud auth application-default login`."
        )
    if isinstance(error, GoogleAuthError):
        return "Google does not accept the credentials of the provider's config; renew them."
    if is_denied(error) and place.startswith("gs://"):
        return f"Give {identity_of(session)} the role roles/storage.objectViewer on the bucket."
    if is_denied(error):
        return (
            f"Give {identity_of(session)} the role roles/dataproc.editor in the project, and "
            "roles/iam.serviceAccountUser on the service account that jobs run as."
        )
    if is_missing(error) and place.startswith("the cluster"):
        return (
            "Make it by executor.deploy() or Terraform, or correct "
            "DataprocConfig(cluster_name=...), and project and region in GcpConfig."
        )
    return ""
