"""What Google Cloud says, in Glacier's words."""

from typing import TYPE_CHECKING

from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from requests import RequestException

from glacier.errors import (
    AccessDeniedError,
    GlacierError,
    ObjectExistsError,
    ObjectNotFoundError,
    StorageError,
)
from glacier_gcp.answers import answer_of, code_of
from glacier_gcp.http import NoAnswerError

if TYPE_CHECKING:
    from glacier_gcp.answers import Answer
    from glacier_gcp.session import GcpSession

__all__ = ["code_of", "identity_of", "of_answer", "of_bucket"]


def identity_of(session: "GcpSession") -> str:
    """Return how errors call the identity of a session: never a secret."""
    config = session.config
    if config.impersonate_service_account is not None:
        return f"the service account {config.impersonate_service_account}"
    account = getattr(session.credentials, "service_account_email", None)
    if account and account != "default":
        return f"the service account {account}"
    if session.is_anonymous:
        return "an anonymous caller"
    return "the identity of the environment"


def of_bucket(
    error: Exception, uri: str, session: "GcpSession", answer: "Answer | None" = None
) -> GlacierError | None:
    """Return Glacier's error for one that access to a bucket has raised.

    Args:
        error: What was raised, by a client, gcsfs or Polars.
        uri: What was asked for, as `gs://bucket/path`.
        session: Whose identity has asked.
        answer: What Google has answered, where more is known of it than `error` says.

    Returns:
        None for an error that is not of Google, and for what core knows as well: that a file is
        not there, as gcsfs and Polars say it.
    """
    answer = answer or answer_of(error)
    if answer is None:
        return _of_no_answer(error, uri)
    if isinstance(error, FileNotFoundError) and answer.status == 404:
        return None
    return of_answer(answer, answer.place or uri, session)


def of_answer(answer: "Answer", uri: str, session: "GcpSession") -> GlacierError:
    """Return Glacier's error for what Google has answered to a request for `uri`."""
    name = uri.removeprefix("gs://").partition("/")[0]
    if answer.is_bucket_missing:
        return ObjectNotFoundError(
            f"The bucket {name!r} of {uri} does not exist. Create it with bucket.deploy() or "
            "Terraform, or correct its name.",
            uri=uri,
        )
    if answer.status == 404:
        return ObjectNotFoundError(
            f"Nothing is at {uri}. Check the bucket's name and path, or write it first.", uri=uri
        )
    if answer.status == 412:
        return ObjectExistsError(f"{uri} was written by somebody else meanwhile.", uri=uri)
    if answer.status in {401, 403}:
        return AccessDeniedError(
            f"Access to {uri} is denied to {identity_of(session)}: {answer.told}. Give it a role "
            "on the bucket, such as roles/storage.objectUser.",
            uri=uri,
        )
    return StorageError(f"Cloud Storage failed at {uri}: {answer.told}.", uri=uri)


def _of_no_answer(error: Exception, uri: str) -> GlacierError | None:
    if isinstance(error, DefaultCredentialsError):
        return AccessDeniedError(f"No credential was found for {uri}.", uri=uri)
    if isinstance(error, GoogleAuthError | GoogleAPIError | RequestException | NoAnswerError):
        return StorageError(f"Cloud Storage failed at {uri}: {error}.", uri=uri)
    return None
