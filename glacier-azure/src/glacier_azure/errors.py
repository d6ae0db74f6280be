"""What Azure says of containers and blobs, in Glacier's words."""

from contextlib import contextmanager
from typing import TYPE_CHECKING

from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError

from glacier.errors import (
    AccessDeniedError,
    ConfigError,
    GlacierError,
    ObjectNotFoundError,
    PathError,
    StorageError,
    WriteError,
)
from glacier_azure.answers import answer_of, code_of, hide_secrets, is_of_object_store
from glacier_azure.identity import (
    MAY_NOT,
    REFUSED,
    of_refused_identity,
    of_unavailable_identity,
    principal_of,
    secrets_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glacier_azure.answers import Answer
    from glacier_azure.session import AzureSession

__all__ = ["code_of", "managed", "of_answer", "of_bucket", "of_identity", "of_management"]

_MISSING = {"404", "BlobNotFound", "ResourceNotFound"}
_BUSY = {"ServerBusy", "OperationTimedOut", "InternalError", "500", "502", "503", "504"}
_REPLACED = {"InvalidBlockList", "InvalidBlobOrBlock"}
_LEASED = {
    *("LeaseIdMissing", "LeaseIdMismatchWithBlobOperation", "LeaseIdMismatchWithLeaseOperation"),
    *("LeaseAlreadyPresent", "LeaseIdMismatchWithContainerOperation"),
}
_IMMUTABLE = {"BlobImmutableDueToPolicy", "BlobImmutableDueToLegalHold"}
_BAD_NAMES = {"InvalidResourceName", "InvalidUri", "OutOfRangeInput"}
_UNREACHABLE_SIGNS = ("error sending request", "client error (Connect)")


def of_bucket(
    error: Exception, uri: str, session: "AzureSession", answer: "Answer | None" = None
) -> GlacierError | None:
    """Return Glacier's error for one that access to a bucket has raised.

    Args:
        error: What was raised, by an SDK, adlfs or Polars; secrets in its text are hidden.
        uri: What was asked for, as `abfs://container@account.dfs.core.windows.net/path`.
        session: Whose identity has asked.
        answer: What Azure has answered, where more is known of it than `error` says.

    Returns:
        None for an error that is not of Azure, and for what core knows as well: that a file is
        not there, as adlfs and Polars say it.
    """
    hide_secrets(error, secrets_of(session))
    answer = answer or answer_of(error)
    unavailable = of_unavailable_identity(error, uri, session)
    if unavailable is not None:
        return unavailable
    if answer is None or not answer.code:
        return _of_no_answer(error, uri, session)
    if isinstance(error, FileNotFoundError) and answer.code in _MISSING:
        return None
    return of_answer(answer, _uri_of(answer, uri), session)


def of_identity(error: Exception, what: str, session: "AzureSession") -> GlacierError | None:
    """Return Glacier's error where Azure does not accept who asks; None for other errors.

    Args:
        error: What was raised; secrets in its text are hidden.
        what: What was asked for, such as a URI.
        session: Whose identity has asked.
    """
    hide_secrets(error, secrets_of(session))
    answer = answer_of(error)
    return of_unavailable_identity(error, what, session) or (
        None if answer is None else of_refused_identity(answer, what, session)
    )


def of_management(error: Exception, what: str, session: "AzureSession") -> GlacierError | None:
    """Return Glacier's error where Resource Manager refuses who asks, or where it has to look.

    Args:
        error: What was raised; secrets in its text are hidden.
        what: What was asked for, such as `the storage account 'lakes'`.
        session: Whose identity has asked.

    Returns:
        None for an error that is about something else.
    """
    hide_secrets(error, secrets_of(session))
    unavailable = of_unavailable_identity(error, what, session)
    answer = answer_of(error)
    if unavailable is not None or answer is None:
        return unavailable
    who, config = principal_of(session), session.config
    if answer.code in REFUSED:
        return AccessDeniedError(
            f"Azure Resource Manager does not accept the token of {who} for {what}: "
            f"{answer.told}. Check tenant_id and subscription_id.",
            uri=what,
        )
    if answer.code in MAY_NOT:
        return AccessDeniedError(
            f"Azure Resource Manager denies {what} to {who}: {answer.told}. Give it a role that "
            f"may do that in the resource group {config.resource_group!r}, such as Contributor.",
            uri=what,
        )
    if answer.code == "ResourceGroupNotFound":
        return ConfigError(
            f"The subscription {config.subscription_id!r} has no resource group "
            f"{config.resource_group!r} for {what}. Create it with Terraform or "
            "az group create, or correct AzureConfig(resource_group=...)."
        )
    if answer.code in {"SubscriptionNotFound", "InvalidSubscriptionId"}:
        return ConfigError(
            f"{who[:1].upper()}{who[1:]} sees no subscription {config.subscription_id!r}, where "
            f"{what} is looked for. Correct AzureConfig(subscription_id=...), or give it a role "
            "there."
        )
    return None


@contextmanager
def managed(what: str, session: "AzureSession") -> "Iterator[None]":
    """Turn every error of Resource Manager into Glacier's.

    Args:
        what: What the work is about, such as `the storage account 'lakes'`.
        session: Whose identity asks.

    Raises:
        StorageError: Resource Manager refuses, or can't be reached.
    """
    try:
        yield
    except AzureError as error:
        known = of_management(error, what, session)
        if known is None:
            answer = answer_of(error)
            told = _first_line(error) if answer is None else answer.told
            known = StorageError(f"Azure Resource Manager failed at {what}: {told}.")
        raise known from error


def of_answer(answer: "Answer", uri: str, session: "AzureSession") -> GlacierError:
    """Return Glacier's error for what Azure has answered to a request for `uri`."""
    return (
        of_refused_identity(answer, uri, session)
        or _of_container(answer, uri)
        or _of_blob(answer, uri)
        or StorageError(f"Blob Storage failed at {uri}: {answer.told}.", uri=uri)
    )


def _of_container(answer: "Answer", uri: str) -> GlacierError | None:
    name = uri.removeprefix("abfs://").partition("@")[0]
    if answer.code == "ContainerNotFound":
        return ObjectNotFoundError(
            f"The container {name!r} of {uri} does not exist. Create it with "
            "bucket.deploy(), glacier deploy or Terraform, or correct its name.",
            uri=uri,
        )
    if answer.code == "ContainerBeingDeleted":
        return StorageError(
            f"The container {name!r} of {uri} is being deleted, which takes Azure 30 seconds or "
            "more. Try again later, or choose another name.",
            uri=uri,
        )
    if answer.code == "PublicAccessNotPermitted":
        return AccessDeniedError(
            f"The container {name!r} can't be public: its storage account allows no public "
            "access. Set container_access='private', or subscription_id in the provider's config "
            "so that deploy() can allow it.",
            uri=uri,
        )
    if answer.code in _BAD_NAMES:
        return PathError(f"Blob Storage refuses the name {uri}: {answer.told}.", uri=uri)
    return None


def _of_blob(answer: "Answer", uri: str) -> GlacierError | None:
    code, told = answer.code, answer.told
    if code in _MISSING:
        return ObjectNotFoundError(
            f"Nothing is at {uri}. Check the bucket's name and path, or write it first.", uri=uri
        )
    if code == "BlobArchived":
        return StorageError(
            f"{uri} is archived and can't be read: {told}. Move it to the tier Hot, Cool or Cold "
            "first, which takes hours.",
            uri=uri,
        )
    if code == "BlobBeingRehydrated":
        return StorageError(
            f"{uri} is on its way back from the archive and can't be read or replaced yet: "
            f"{told}. Try again later; that takes hours.",
            uri=uri,
        )
    if code in _LEASED:
        return StorageError(
            f"{uri} is leased by somebody else, and stays as it is: {told}. Wait until the lease "
            "ends, or break it.",
            uri=uri,
        )
    if code in _IMMUTABLE:
        return StorageError(
            f"{uri} is kept from changes by a policy or a legal hold: {told}. Write to another "
            "path.",
            uri=uri,
        )
    if code in _REPLACED:
        return WriteError(
            f"{uri} was written by somebody else meanwhile, and Azure has dropped what was sent "
            f"for it: {told}. Write it again.",
            uri=uri,
        )
    if code in _BUSY:
        return StorageError(
            f"Blob Storage is too busy for {uri}, after several tries: {told}. Try again later, "
            "or with fewer requests at a time.",
            uri=uri,
        )
    return None


def _of_no_answer(error: Exception, uri: str, session: "AzureSession") -> GlacierError | None:
    """Return the error where Azure was not reached, or has broken off; None for other errors."""
    is_of_store = is_of_object_store(error)
    is_silence = isinstance(error, ServiceRequestError | ServiceResponseError) or (
        is_of_store and any(sign in str(error) for sign in _UNREACHABLE_SIGNS)
    )
    if is_silence:
        return StorageError(
            f"Blob Storage can't be reached at {session.account.endpoint} for {uri}: "
            f"{_first_line(error)}. Check the name of the storage account, endpoint and the "
            "network.",
            uri=uri,
        )
    if is_of_store or isinstance(error, AzureError):
        return StorageError(f"Blob Storage failed at {uri}: {_first_line(error)}.", uri=uri)
    return None


def _uri_of(answer: "Answer", uri: str) -> str:
    """Return what an answer is about: what it names, but for a container without a blob."""
    if answer.place is None:
        return uri
    container, _, path = answer.place.partition("/")
    if not path and uri.startswith(f"abfs://{container}@"):
        return uri
    return f"abfs://{container}@{uri.partition('@')[2].partition('/')[0]}/{path}"


def _first_line(error: Exception) -> str:
    text = next(iter(str(error).splitlines()), type(error).__name__)
    return text.partition("; note: if you are using Python")[0].rstrip(" .")
