"""Calls a deployed Cloud Function, and says what went wrong over there."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from requests import RequestException

from glacier.errors import FunctionError, PayloadError
from glacier.pauses import pauses
from glacier.resources.http_handler import MARK
from glacier.resources.payload import encoded
from glacier.resources.remote_answers import answer_of_handler
from glacier_gcp.errors import identity_of
from glacier_gcp.function.calls import caller_of, entrances, send_call
from glacier_gcp.function.errors import is_unsent
from glacier_gcp.function.request import config_of, provider_config_of
from glacier_gcp.session import session_of

if TYPE_CHECKING:
    from requests import Response

    from glacier.resources import Serverless

LARGEST_PAYLOAD_BYTES = 33_554_432
"""What a function takes in one call: https://cloud.google.com/functions/quotas#resource_limits"""

UNBEGUN_SECONDS = 8.0
"""For how long a call is made again of which it is certain that it was not begun."""

INVOKERS_SECONDS = 90.0
"""For how long it is, after a deployment that lets new callers in."""

_START_SECONDS = 60
"""How long a function may take to start, beside its own timeout."""

_NO_INSTANCE = "no available instance"
_SHOWN_CHARACTERS = 300


def call_function(function: "Serverless", payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function's answer to a payload.

    Raises:
        PayloadError: The payload or the answer is no JSON object, or too large.
        FunctionError: The handler raised, its process died, or Google refuses the call.
        ConfigError: Google gives no ID tokens to an identity of the config's kind.
        GoogleAPIError: Google refuses to say where the function is.
        GoogleAuthError: It gives the identity no token.
        RequestException: It can't be reached, or does not answer.
    """
    name = function.function_name
    sent = encoded(payload, what=f"the payload of {name!r}").encode()
    if len(sent) > LARGEST_PAYLOAD_BYTES:
        raise PayloadError(
            f"Expected the payload of {name!r} to have at most {LARGEST_PAYLOAD_BYTES:,} bytes as "
            f"JSON (32 MB, the limit of Cloud Functions), got {len(sent):,}. Send it through a "
            "bucket whose path is sent.",
            path="",
        )
    answer, seconds = _asked(function, sent)
    kind = answer.headers.get(MARK)
    if kind is None:
        raise _refused(function, answer, seconds)
    return answer_of_handler(name, kind, answer.content, config_name="CloudFunctionConfig")


def _asked(function: "Serverless", sent: bytes) -> "tuple[Response, float]":
    """Call the function, again where it is certain that it was not called.

    Returns:
        The answer, and after how many seconds it came.
    """
    session, name = session_of(provider_config_of(function)), function.function_name
    caller_of(session).tokens.check()
    has_new_invokers = entrances.has_new_invokers(session, name)
    for since in pauses(INVOKERS_SECONDS if has_new_invokers else UNBEGUN_SECONDS):
        try:
            answer, seconds = _asked_once(function, sent)
        except RequestException as error:
            if not is_unsent(error):
                raise
            # Gone, or made anew with another address.
            entrances.forget(session, name)
        else:
            is_unknown = has_new_invokers and _is_refusal(answer)
            if not (is_unknown or (_is_not_begun(answer) and since < UNBEGUN_SECONDS)):
                return answer, seconds
    return _asked_once(function, sent)


def _asked_once(function: "Serverless", sent: bytes) -> "tuple[Response, float]":
    """Call the function with the token that is known, or with a new one if that is refused."""
    session, name = session_of(provider_config_of(function)), function.function_name
    limit = config_of(function).timeout_seconds + _START_SECONDS
    for is_last in (False, True):
        uri = entrances.find(session, name)
        start = time.monotonic()
        answer = send_call(session, uri, sent, read_timeout_seconds=limit)
        seconds = time.monotonic() - start
        if MARK in answer.headers or answer.status_code not in {401, 404}:
            break
        # The token is out of date, or the function was made anew with another address.
        caller_of(session).tokens.forget(uri)
        entrances.forget(session, name)
        if answer.status_code == 404 or is_last:
            break
    return answer, seconds


def _is_refusal(answer: "Response") -> bool:
    return MARK not in answer.headers and answer.status_code in {401, 403}


def _is_not_begun(answer: "Response") -> bool:
    """Return whether an answer says that the call has not reached the function."""
    if MARK in answer.headers:
        return False
    return answer.status_code == 429 or (
        answer.status_code in {500, 503} and _NO_INSTANCE in answer.text.lower()
    )


def _refused(function: "Serverless", answer: "Response", seconds: float) -> FunctionError:
    """Return the error of an answer that is Google's own."""
    name, status = function.function_name, answer.status_code
    return FunctionError(
        f"The function {name!r} {_problem(function, answer, seconds)}",
        function_name=name,
        status=status,
    )


def _problem(function: "Serverless", answer: "Response", seconds: float) -> str:
    status = answer.status_code
    said = f"HTTP {status}"
    text = " ".join(answer.text.split())[:_SHOWN_CHARACTERS].rstrip(". ")
    if text:
        said = f"{said}: {text}"
    if status in {401, 403}:
        who = identity_of(session_of(provider_config_of(function)))
        return (
            f"could not be called: access is denied to {who} ({said}). Name it in invokers= of its "
            "CloudFunctionConfig and deploy again, or give it roles/run.invoker on the function's "
            "Cloud Run service."
        )
    if status == 404:
        return (
            f"could not be called: it is not there, or ingress= of its CloudFunctionConfig keeps "
            f"this network out ({said}). Deploy it: function.deploy()."
        )
    if status == 413:
        return f"could not be called: the payload is too large ({said}). Send it through a bucket."
    if _is_not_begun(answer):
        return (
            f"could not be called: Google has no place for it ({said}), also after several tries. "
            "Call it less at a time, or raise max_instances= of its CloudFunctionConfig."
        )
    return _silence(said, status, seconds, config_of(function).timeout_seconds)


def _silence(said: str, status: int, seconds: float, limit: int) -> str:
    """Return what came of a call that was begun, and gave no answer of the function's own."""
    if status == 504 or (status >= 500 and seconds >= limit):
        return (
            f"timed out after {limit} seconds ({said}). It may go on; raise timeout_seconds= of "
            "its CloudFunctionConfig, or give it less to do."
        )
    if status >= 500:
        return (
            f"gave no answer ({said}): its process ended, as it does when the memory is used up, "
            "or Google failed. The call may have been carried out, so it was not repeated. Look "
            "into the function's log; memory_mb= of its CloudFunctionConfig can be raised."
        )
    return f"was not called as expected ({said})."
