"""What AWS says, in Glacier's words."""

from collections.abc import Callable
from typing import TypeVar

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSOError,
    TokenRetrievalError,
)
from botocore.exceptions import ConnectionError as UnconnectedError

from glacier.errors import (
    AccessDeniedError,
    GlacierError,
    ObjectNotFoundError,
    PathError,
    StorageError,
)
from glacier_aws.answers import Answer, answer_of, hide_tokens, is_of_object_store
from glacier_aws.config import AwsConfig

_WRONG_REGION = {
    "301",
    "307",
    "PermanentRedirect",
    "TemporaryRedirect",
    "IllegalLocationConstraintException",
}
_MISSING = {"404", "NoSuchKey", "NotFound"}
_DENIED = {"401", "403", "AccessDenied", "AccessDeniedException", "AllAccessDisabled", "Forbidden"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_BAD_KEYS = {
    "AuthorizationHeaderMalformed": "the access key is malformed",
    "InvalidAccessKeyId": "the access key does not exist",
    "InvalidClientTokenId": "the access key does not exist",
    "InvalidToken": "the session token is not one of its access key",
    "SignatureDoesNotMatch": "the secret does not belong to the access key",
    "UnrecognizedClientException": "the access key does not exist",
}
_SKEWED = {"RequestTimeTooSkewed", "RequestInTheFuture"}
_ASSUMING = {"AssumeRole", "AssumeRoleWithWebIdentity"}
_NO_CREDENTIALS = (NoCredentialsError, PartialCredentialsError)
_LOST_CREDENTIALS = (CredentialRetrievalError, TokenRetrievalError, SSOError)
_UNREACHABLE_SIGNS = ("error sending request", "client error (Connect)")


T = TypeVar("T")


def code_of(error: BaseException) -> str:
    """Return the code of an error of AWS, such as `NoSuchBucket`; empty for other errors."""
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


def unless_missing(ask: Callable[[], T]) -> T | None:
    """Return what AWS says of a thing; None if it says that there is none.

    Raises:
        ClientError: It refuses to say.
    """
    try:
        return ask()
    except ClientError as error:
        if code_of(error) != "ResourceNotFoundException":
            raise
        return None


def identity_of(config: AwsConfig) -> str:
    """Return how errors call the identity of a config: never a secret."""
    if config.role_arn is not None:
        return f"the role {config.role_arn}"
    if config.access_key_id is not None:
        return f"the access key {config.access_key_id}"
    if config.profile is not None:
        return f"the profile {config.profile!r}"
    return "the identity of the environment"


def of_bucket(
    error: Exception, uri: str, config: AwsConfig, answer: Answer | None = None
) -> GlacierError | None:
    """Return Glacier's error for one that access to a bucket has raised.

    Args:
        error: What was raised, by boto3, s3fs or Polars.
        uri: What was asked for, as `s3://bucket/path`.
        config: The provider's config.
        answer: What S3 has answered, where more is known of it than `error` says.

    Returns:
        None for an error that is not of S3, and for what core knows as well: that a file is not
        there, as s3fs and Polars say it.
    """
    hide_tokens(error)
    answer = answer or answer_of(error)
    if answer is None:
        return of_identity(error, uri, config) or _of_no_answer(error, uri, config)
    if isinstance(error, FileNotFoundError) and answer.code in _MISSING:
        return None
    if answer.place is not None and not (uri.startswith(answer.place) and answer.is_whole_bucket):
        uri = answer.place
    return of_answer(answer, uri, config)


def of_answer(answer: Answer, uri: str, config: AwsConfig) -> GlacierError:
    """Return Glacier's error for what S3 has answered to a request for `uri`."""
    return _of_refused_identity(answer, uri, identity_of(config)) or _of_refused_request(
        answer, uri, config
    )


def of_identity(error: Exception, what: str, config: AwsConfig) -> GlacierError | None:
    """Return Glacier's error where AWS does not accept who asks; None for other errors.

    Args:
        error: What was raised.
        what: What was asked for, such as a URI.
        config: The provider's config.
    """
    answer = answer_of(error)
    who = identity_of(config)
    if isinstance(error, _NO_CREDENTIALS):
        return AccessDeniedError(
            f"No credentials were found for {what}. Set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, choose a profile, or run where AWS gives an identity.",
            uri=what,
        )
    if isinstance(error, _LOST_CREDENTIALS):
        return AccessDeniedError(
            f"The credentials of {who} for {what} can't be had: {error}. Log in again, or check "
            "the profile.",
            uri=what,
        )
    return None if answer is None else _of_refused_identity(answer, what, who)


def _of_refused_identity(answer: Answer, what: str, who: str) -> GlacierError | None:
    if answer.operation in _ASSUMING:
        return AccessDeniedError(
            f"{who[:1].upper()}{who[1:]} can't be assumed to reach {what}: {_told(answer)}. Check "
            "role_arn and external_id, and that the role's trust policy names the caller.",
            uri=what,
        )
    if answer.code in _EXPIRED:
        return AccessDeniedError(
            f"The session token of {who} has expired, and {what} can't be reached. Get new "
            "credentials; a role in role_arn is assumed anew by itself.",
            uri=what,
        )
    if answer.code in _SKEWED:
        return AccessDeniedError(
            f"The clock of this machine is wrong, and AWS refuses what it signs for {what}: "
            f"{_told(answer)}. Set the clock, by NTP for example.",
            uri=what,
        )
    reason = _BAD_KEYS.get(answer.code)
    if reason is None or answer.region is not None:
        return None
    return AccessDeniedError(
        f"AWS does not accept {who} for {what}: {reason} ({_told(answer)}). Correct the keys in "
        "the config, the profile or the environment.",
        uri=what,
    )


def _of_refused_request(answer: Answer, uri: str, config: AwsConfig) -> GlacierError:
    code, bucket_name = answer.code, uri.removeprefix("s3://").partition("/")[0]
    if code in _WRONG_REGION or (code == "AuthorizationHeaderMalformed" and answer.region):
        return _wrong_region(answer, uri, bucket_name, config)
    if code == "NoSuchBucket":
        return ObjectNotFoundError(
            f"The bucket {bucket_name!r} of {uri} does not exist. Create it with "
            "bucket.deploy(), glacier deploy or Terraform, or correct its name.",
            uri=uri,
        )
    if code in _MISSING:
        return ObjectNotFoundError(
            f"Nothing is at {uri}. Check the bucket's name and path, or write it first.", uri=uri
        )
    if code in _DENIED:
        return AccessDeniedError(
            f"Access to {uri} is denied to {identity_of(config)}: {_told(answer)}. Check its "
            "policies and the bucket's.",
            uri=uri,
        )
    if code == "InvalidObjectState":
        return StorageError(
            f"{uri} is archived and can't be read: {_told(answer)}. Restore it first.", uri=uri
        )
    if code == "InvalidBucketName":
        return PathError(f"S3 refuses the bucket name {bucket_name!r} of {uri}.", uri=uri)
    if code in {"BucketAlreadyExists", "BucketAlreadyOwnedByYou"}:
        return foreign_bucket(bucket_name, uri)
    return StorageError(f"S3 failed at {uri}: {_told(answer)}.", uri=uri)


def foreign_bucket(bucket_name: str, uri: str) -> AccessDeniedError:
    """Return the error for a bucket that another account owns."""
    return AccessDeniedError(
        f"The bucket {bucket_name!r} belongs to another AWS account: the names of all accounts' "
        "buckets are shared. Choose another name.",
        uri=uri,
    )


def _wrong_region(answer: Answer, uri: str, bucket_name: str, config: AwsConfig) -> StorageError:
    where = f"in the region {answer.region!r}" if answer.region else "in another region"
    advice = repr(answer.region) if answer.region else "the bucket's region"
    return StorageError(
        f"The bucket {bucket_name!r} of {uri} is {where}, and the provider's config says "
        f"{config.region!r}. Set AwsConfig(region=...) to {advice}.",
        uri=uri,
        region=answer.region,
    )


def _of_no_answer(error: Exception, uri: str, config: AwsConfig) -> GlacierError | None:
    """Return the error where S3 was not reached, or has broken off; None for other errors."""
    is_of_store = is_of_object_store(error)
    is_silence = isinstance(error, UnconnectedError | HTTPClientError) or (
        is_of_store and any(sign in str(error) for sign in _UNREACHABLE_SIGNS)
    )
    if is_silence:
        address = config.endpoint_url or f"its endpoint of the region {config.region!r}"
        return StorageError(
            f"S3 can't be reached at {address} for {uri}: {_first_line(error)}. Check region, "
            "endpoint_url and the network.",
            uri=uri,
        )
    if is_of_store or isinstance(error, BotoCoreError):
        return StorageError(f"S3 failed at {uri}: {_first_line(error)}.", uri=uri)
    return None


def _told(answer: Answer) -> str:
    """Return what S3 has said, without the full stop."""
    return ": ".join(one for one in (answer.code, answer.message.rstrip(". ")) if one)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(" .")
