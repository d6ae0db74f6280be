"""What Glue and CloudWatch say, in Glacier's words."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import ConnectionError as ConnectionFailure

from glacier.errors import JobConnectionError, JobError, JobNotFoundError
from glacier_aws.errors import code_of

FAILURES = (BotoCoreError, ClientError)
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedException"}
_WRONG_IDENTITY = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
}
_LIMITS = {"ResourceNumberLimitExceededException"}
_THROTTLED = {"RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException"}
_UNFINISHED = {"InternalServiceException", "OperationTimeoutException"}
_FIRST_SERVER_ERROR = 500


def is_throttled(error: Exception) -> bool:
    """Return whether a request was refused for there being too many, so that nothing was done."""
    return code_of(error) in _THROTTLED


def is_lost(error: Exception) -> bool:
    """Return whether an answer was lost: what was asked for may have been done."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return status >= _FIRST_SERVER_ERROR or code_of(error) in _UNFINISHED
    return isinstance(error, HTTPClientError | ConnectionFailure)


def is_about_role(error: Exception) -> bool:
    """Return whether Glue says that it can't take on a job's role."""
    text = str(error).lower()
    return code_of(error) == "InvalidInputException" and "assume" in text and "role" in text


@contextmanager
def of_glue(what: str, *, job_name: str, job_id: str | None = None) -> Iterator[None]:
    """Turn errors of requests about a job into Glacier's.

    Args:
        what: What was tried, as the start of a sentence: 'The job x can't be started'.
        job_name: The job's name in Glue.
        job_id: The run that it is about, where it is about one.

    Raises:
        JobNotFoundError: There is no such run.
        JobError: Glue refuses.
        JobConnectionError: It does not answer, or only that it can't at the moment.
    """
    try:
        yield
    except FAILURES as error:
        raise _translated(error, what, job_name, job_id) from error


def _translated(error: Exception, what: str, job_name: str, job_id: str | None) -> JobError:
    code = code_of(error)
    if is_lost(error) or is_throttled(error):
        return JobConnectionError(
            f"{what}, since AWS does not answer: {error}. Check the network, region and "
            "endpoint_url; or try again later.",
            job=job_name,
        )
    if code == "EntityNotFoundException" and job_id is not None:
        return JobNotFoundError(
            f"Glue has no run {job_id!r} of a job {job_name!r}. Ask with the name of the executor "
            "that submitted it, in its region.",
            job_id=job_id,
        )
    advice = _advice(error, code)
    return JobError(f"{what}: {error}.{f' {advice}' if advice else ''}", job=job_name)


def _advice(error: Exception, code: str) -> str:
    """Return what to do about an error; nothing where it says so itself."""
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return "Set keys, a profile or a role in AwsConfig, or the environment's AWS variables."
    if code in _DENIED and "iam:PassRole" in str(error):
        return (
            "The identity of the provider's config has to be allowed iam:PassRole on the job's "
            "role; or name a role that it may pass in GlueConfig(role_arn=...)."
        )
    if code in _DENIED:
        return "Give the identity of the provider's config the permission that it names."
    if code in _WRONG_IDENTITY:
        return "AWS does not accept the credentials of the provider's config; renew them."
    if code in _LIMITS:
        return (
            "A quota of the account is used up: end or delete something, or ask for more in "
            "Service Quotas."
        )
    if is_about_role(error):
        return (
            "The role's trust policy has to let glue.amazonaws.com assume it; name one that does "
            "in GlueConfig(role_arn=...), or none, and Glacier makes one."
        )
    return ""
