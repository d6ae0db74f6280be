"""What AWS says of a Lambda function, in Glacier's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
    WaiterError,
)

from glacier.errors import FunctionError
from glacier_aws.errors import code_of

if TYPE_CHECKING:
    from glacier.resources import Serverless
    from glacier_aws.config import AwsConfig

Action: TypeAlias = Literal["called", "compared", "deployed"]
"""What may be tried with a function."""

_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_STRANGERS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_INVALID = {"InvalidParameterValueException", "ValidationException", "ValidationError"}
_TOO_LARGE = {"RequestTooLargeException", "RequestEntityTooLargeException", "413"}
_FAILED_ANYWHERE = {500, 503, 504}
"""Answers that do not say how far a request came; 502 is of one that was not begun."""

_UNKNOWN: dict[Action, str] = {
    "called": "The request may have been carried out, so it was not repeated. Look into the "
    "function's log before it is tried again.",
    "compared": "Ask again later.",
    "deployed": "Deploy it again; what has been done already stays.",
}


@contextmanager
def lambda_errors(function: "Serverless", action: Action) -> Iterator[None]:
    """Turn errors of the SDK into a `FunctionError`.

    Args:
        function: What the work is about.
        action: What was tried.
    """
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        name = function.function_name
        region = cast("AwsConfig", function.provider.config).region
        start = f"The function {name!r} in {region} could not be {action}"
        raise FunctionError(
            f"{start}: {_reason(error, action)}",
            function_name=name,
            region=region,
            code=code_of(error),
        ) from error


def _reason(error: ClientError | BotoCoreError, action: Action) -> str:
    if isinstance(error, ClientError):
        return _of_answer(error, action)
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return (
            "no credentials were found, or not all of them. Give AwsConfig keys, a profile or a "
            "role, or set the variables that AWS's own tools read."
        )
    if isinstance(error, ParamValidationError):
        return f"its settings can't be sent: {error}. Correct overrides= of its LambdaConfig."
    if isinstance(error, WaiterError):
        return _of_waiting(error)
    if isinstance(error, ReadTimeoutError | ConnectionClosedError | ResponseStreamingError):
        return f"no answer came: {error}. {_UNKNOWN[action]}"
    return f"{error}. Check the network and the endpoint."


def _of_answer(error: ClientError, action: Action) -> str:
    code = code_of(error)
    said = str(error.response["Error"].get("Message", "")).rstrip(". ")
    if code in _DENIED:
        return (
            f"access is denied ({code}: {said}). Check the rights of the identity that the "
            "provider's config stands for."
        )
    if code in _STRANGERS:
        return f"AWS does not take the credentials ({code}: {said}). Renew or correct them."
    if code == "ResourceNotFoundException":
        advice = (
            "Deploy it first: function.deploy()" if action == "called" else "Correct its config"
        )
        return f"it, or what it needs, does not exist ({said}). {advice}."
    if code == "TooManyRequestsException":
        reason = cast("dict[str, Any]", error.response).get("Reason", "no reason given")
        return (
            f"AWS throttles it ({reason}: {said}), also after several tries. Call it less at a "
            "time, or raise reserved_concurrency= of its LambdaConfig or the account's limit."
        )
    if code in _TOO_LARGE:
        return f"the payload is too large ({said}). Send it through a bucket."
    if code in _INVALID:
        return f"AWS does not take its settings ({code}: {said}). Correct its LambdaConfig."
    if error.response["ResponseMetadata"]["HTTPStatusCode"] in _FAILED_ANYWHERE:
        return f"AWS failed: {code}: {said}. {_UNKNOWN[action]}"
    return f"{code}: {said}."


def _of_waiting(error: WaiterError) -> str:
    last = cast("dict[str, Any]", error.last_response)
    found = last.get("Configuration", {})
    reasons = (found.get("StateReason"), found.get("LastUpdateStatusReason"))
    reason = next(filter(None, reasons), str(error))
    return f"it did not become active: {reason}"
