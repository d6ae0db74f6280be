"""What Google Cloud says of buckets and objects, in Glacier's words."""

import re
from typing import TYPE_CHECKING

from google.api_core.exceptions import GoogleAPIError, RetryError
from requests import RequestException

from glacier.errors import (
    AccessDeniedError,
    ConfigError,
    GlacierError,
    ObjectExistsError,
    ObjectNotFoundError,
    PathError,
    StorageError,
    WriteError,
)
from glacier_gcp.answers import answer_of, code_of, hide_secrets, is_of_object_store
from glacier_gcp.http import NoAnswerError
from glacier_gcp.identity import (
    identity_of,
    of_refused_identity,
    of_unavailable_identity,
    secrets_of,
)
from glacier_gcp.storage.upload import DamagedError, UploadLostError

if TYPE_CHECKING:
    from glacier_gcp.answers import Answer
    from glacier_gcp.session import GcpSession

__all__ = ["code_of", "foreign_bucket", "identity_of", "of_answer", "of_bucket", "of_identity"]

_BUSY = {
    *("rateLimitExceeded", "userRateLimitExceeded", "usageLimits.rateLimitExceeded"),
    *("quotaExceeded", "dailyLimitExceeded", "SlowDown", "ServiceUnavailable"),
    *("backendError", "internalError", "InternalError"),
}
_BUSY_STATUSES = {408, 429, 500, 502, 503, 504}
_REQUESTER_PAYS = {
    *("UserProjectMissing", "UserProjectInvalid", "UserProjectInconsistent"),
    *("AuthenticationRequiredRequesterPays", "UserProjectAccessDenied"),
}
_ROLES = {
    "storage.buckets.get": "roles/storage.bucketViewer on the bucket",
    "storage.buckets.list": "roles/storage.bucketViewer on the project",
    "storage.buckets.": "roles/storage.admin on the project",
    "storage.objects.get": "roles/storage.objectViewer on the bucket",
    "storage.objects.list": "roles/storage.objectViewer on the bucket",
    "": "roles/storage.objectUser on the bucket",
}
"""The role with the fewest rights that has a permission, by how the permission begins."""

_UNREACHABLE_SIGNS = ("error sending request", "client error (Connect)", "Cannot connect to host")


def of_bucket(
    error: Exception, uri: str, session: "GcpSession", answer: "Answer | None" = None
) -> GlacierError | None:
    """Return Glacier's error for one that access to a bucket has raised.

    Args:
        error: What was raised, by a client, gcsfs or Polars; secrets in its text are hidden.
        uri: What was asked for, as `gs://bucket/path`.
        session: Whose identity has asked.
        answer: What Google has answered, where more is known of it than `error` says.

    Returns:
        None for an error that is not of Google, and for what core knows as well: that a file is
        not there, as gcsfs and Polars say it.
    """
    hide_secrets(error, secrets_of(session))
    if isinstance(error, DamagedError | UploadLostError):
        return WriteError(f"Writing {uri} failed and left it as it was: {error}.", uri=uri)
    answer = answer or answer_of(error)
    if answer is None:
        return of_unavailable_identity(error, uri, session) or _of_no_answer(error, uri, session)
    is_missing = isinstance(error, FileNotFoundError) and answer.status == 404
    if is_missing and not answer.is_bucket_missing:
        return None
    return of_answer(answer, _uri_of(answer, uri), session)


def of_identity(error: Exception, what: str, session: "GcpSession") -> GlacierError | None:
    """Return Glacier's error where Google does not accept who asks; None for other errors.

    Args:
        error: What was raised; secrets in its text are hidden.
        what: What was asked for, such as a URI.
        session: Whose identity has asked.
    """
    hide_secrets(error, secrets_of(session))
    answer = answer_of(error)
    if answer is None:
        return of_unavailable_identity(error, what, session)
    return of_refused_identity(answer, what, session)


def of_answer(answer: "Answer", uri: str, session: "GcpSession") -> GlacierError:
    """Return Glacier's error for what Google has answered to a request for `uri`."""
    return (
        of_refused_identity(answer, uri, session)
        or _of_limits(answer, uri)
        or _of_bucket(answer, uri, session)
        or _of_policy(answer, uri)
        or _of_object(answer, uri)
        or _of_denial(answer, uri, session)
        or StorageError(f"Cloud Storage failed at {uri}: {answer.told}.", uri=uri)
    )


def foreign_bucket(name: str, session: "GcpSession") -> AccessDeniedError:
    """Return the error for a bucket that another project owns."""
    return AccessDeniedError(
        f"The bucket {name!r} belongs to another project than {session.config.project!r}: the "
        "names of all projects' buckets are shared. Choose another name, or correct "
        "GcpConfig(project=...).",
        uri=f"gs://{name}/",
    )


def _of_limits(answer: "Answer", uri: str) -> GlacierError | None:
    if answer.status in _BUSY_STATUSES or answer.has(*_BUSY):
        return StorageError(
            f"Cloud Storage is too busy for {uri}, after several tries: {answer.told}. Try again "
            "later, or with fewer requests at a time; a quota can be raised in the console.",
            uri=uri,
        )
    if answer.has(*_REQUESTER_PAYS) or answer.says("requester pays"):
        return AccessDeniedError(
            f"Who reads {uri} has to pay for it, and Glacier names no project that does: "
            f"{answer.told}. Copy the data, or have the bucket's owner pay (requester pays off).",
            uri=uri,
        )
    if answer.says("billing account") or answer.has("UserProjectAccountProblem", "accountDisabled"):
        return AccessDeniedError(
            f"The project of {uri} has no billing account that works: {answer.told}. Set one in "
            "the console.",
            uri=uri,
        )
    return None


def _of_bucket(answer: "Answer", uri: str, session: "GcpSession") -> GlacierError | None:
    name, config = uri.removeprefix("gs://").partition("/")[0], session.config
    if answer.is_bucket_missing:
        return ObjectNotFoundError(
            f"The bucket {name!r} of {uri} does not exist. Create it with "
            "bucket.deploy(), glacier deploy or Terraform, or correct its name.",
            uri=uri,
        )
    if answer.has("BucketAlreadyExists", "BucketAlreadyOwnedByYou", "BucketNameUnavailable"):
        return foreign_bucket(name, session)
    if answer.says("is a domain name"):
        return AccessDeniedError(
            f"The bucket name {name!r} is a domain that {identity_of(session)} was not verified to "
            f"own: {answer.told}. Verify it, or choose a name without full stops.",
            uri=uri,
        )
    if answer.has("InvalidBucketName") or answer.says("Invalid bucket name"):
        return PathError(f"Cloud Storage refuses the bucket name {name!r} of {uri}.", uri=uri)
    if answer.has("InvalidLocationConstraint") or answer.says("location constraint"):
        return ConfigError(
            f"Cloud Storage has no location {config.region!r} for {uri}: {answer.told}. Correct "
            "GcpConfig(region=...)."
        )
    if re.search(r"(?i)(unknown|invalid) project|project \S+ (is )?not found", answer.message):
        return ConfigError(
            f"{identity_of(session).capitalize()} sees no project {config.project!r}, to which "
            f"{uri} is to belong: {answer.told}. Correct GcpConfig(project=...)."
        )
    return None


def _of_policy(answer: "Answer", uri: str) -> GlacierError | None:
    if answer.code.lower().startswith("cloudkms") or answer.says("Cloud KMS"):
        return AccessDeniedError(
            f"The Cloud KMS key of {uri} can't be used: {answer.told}. Give Cloud Storage's "
            "service agent roles/cloudkms.cryptoKeyEncrypterDecrypter on it, and check that it is "
            "enabled and in the bucket's location.",
            uri=uri,
        )
    if answer.has("retentionPolicyNotMet", "objectUnderActiveHold") or answer.says(
        "retention policy", "active hold", "hold is removed"
    ):
        return StorageError(
            f"{uri} is kept from changes by a retention policy or a hold: {answer.told}. Write to "
            "another path, or wait.",
            uri=uri,
        )
    if answer.is_of_organisation:
        return StorageError(
            f"A policy of the organisation refuses {uri}: {answer.told}. Change the config so that "
            "it complies, or have the policy changed.",
            uri=uri,
        )
    if answer.has("vpcServiceControls", "SecurityPolicyViolated") or answer.says(
        "organization's policy"
    ):
        return AccessDeniedError(
            f"A service perimeter keeps this machine out of {uri}: {answer.told}. Ask who manages "
            "VPC Service Controls for an ingress rule.",
            uri=uri,
        )
    return None


def _of_object(answer: "Answer", uri: str) -> GlacierError | None:
    if answer.has("NoSuchUpload"):
        return WriteError(
            f"Writing {uri} failed and left it as it was: {answer.told}. Somebody, or a lifecycle "
            "rule, has aborted the upload. Write it again.",
            uri=uri,
        )
    if answer.status == 404:
        return ObjectNotFoundError(
            f"Nothing is at {uri}. Check the bucket's name and path, or write it first.", uri=uri
        )
    if answer.is_condition_failed:
        return ObjectExistsError(f"{uri} was written by somebody else meanwhile.", uri=uri)
    if answer.says("customer-supplied encryption key"):
        return AccessDeniedError(
            f"{uri} is encrypted with a key of its own that Glacier does not have: {answer.told}. "
            "Write it again without one.",
            uri=uri,
        )
    return None


def _of_denial(answer: "Answer", uri: str, session: "GcpSession") -> GlacierError | None:
    if answer.status not in {401, 403}:
        return None
    if answer.says("has not been used in project", "it is disabled"):
        return AccessDeniedError(
            f"The API of Cloud Storage is switched off for {uri}: {answer.told}. Enable it: gcloud "
            "services enable storage.googleapis.com.",
            uri=uri,
        )
    found = re.search(r"\bstorage\.[a-zA-Z]+\.[a-zA-Z]+", answer.message)
    permission = found[0] if found else ""
    role = next(role for start, role in _ROLES.items() if permission.startswith(start))
    who = identity_of(session)
    advice = (
        "Set a credential: an endpoint is entered without one."
        if session.is_anonymous
        else f"Give it {role}; a new role takes some minutes to hold."
    )
    return AccessDeniedError(
        f"Access to {uri} is denied to {who}: {answer.told}. {advice}", uri=uri
    )


def _of_no_answer(error: Exception, uri: str, session: "GcpSession") -> GlacierError | None:
    """Return the error where Google was not reached, or has broken off; None for other errors."""
    cause = error.cause if isinstance(error, RetryError) else error
    is_of_gcsfs = type(cause).__module__.startswith("aiohttp.")
    is_of_store = is_of_object_store(error)
    is_silence = isinstance(cause, RequestException | NoAnswerError) or is_of_gcsfs
    if is_silence or (is_of_store and any(sign in str(error) for sign in _UNREACHABLE_SIGNS)):
        return StorageError(
            f"Cloud Storage can't be reached at {session.storage_endpoint} for {uri}: "
            f"{_first_line(cause or error)}. Check endpoint and the network.",
            uri=uri,
        )
    if is_of_store or isinstance(error, GoogleAPIError):
        return StorageError(f"Cloud Storage failed at {uri}: {_first_line(error)}.", uri=uri)
    return None


def _uri_of(answer: "Answer", uri: str) -> str:
    """Return what an answer is about: what it names, but for a bucket without an object."""
    place = answer.place
    if place is None or (place.count("/") == 3 and place.endswith("/") and uri.startswith(place)):
        return uri
    return place


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(" .")
