"""Calls a deployed function app, and says what went wrong over there."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from azure.core.exceptions import ServiceRequestError

from glacier.errors import FunctionError, PayloadError
from glacier.resources.http_handler import MARK
from glacier.resources.payload import encoded
from glacier.resources.remote_answers import answer_of_handler
from glacier_azure.function.request import ROUTE, config_of
from glacier_azure.function.web import entrances, send
from glacier_azure.session import session_of

if TYPE_CHECKING:
    from azure.core.rest import HttpResponse

    from glacier.resources import Serverless
    from glacier_azure.config import AzureConfig
    from glacier_azure.session import AzureSession

LARGEST_PAYLOAD_BYTES = 104_857_600
"""What an app takes in one call:
https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#limits"""

LONGEST_CALL_SECONDS = 230
"""After how long Azure's load balancer ends a call, whatever the timeout of the app is:
https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout"""

_START_SECONDS = 60
"""How long an app may take to start, beside its own timeout."""

_PAUSES_SECONDS = (0.5, 1, 2, 4)
_NOT_RUNNING = "host is not running"
_SHOWN_CHARACTERS = 300


def call_function(function: "Serverless", payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function's answer to a payload.

    Raises:
        PayloadError: The payload or the answer is no JSON object, or too large.
        FunctionError: The handler raised, its process died, or Azure refuses the call.
        AzureError: Azure can't be reached, or does not answer.
        ConfigError: The config names no subscription.
    """
    name = function.function_name
    sent = encoded(payload, what=f"the payload of {name!r}").encode()
    if len(sent) > LARGEST_PAYLOAD_BYTES:
        raise PayloadError(
            f"Expected the payload of {name!r} to have at most {LARGEST_PAYLOAD_BYTES:,} bytes as "
            f"JSON (100 MB, the limit of Azure Functions), got {len(sent):,}. Send it through a "
            "bucket whose path is sent.",
            path="",
        )
    answer, seconds = _asked(function, sent)
    kind = answer.headers.get(MARK)
    if kind is None:
        raise _refused(function, answer, seconds)
    return answer_of_handler(name, kind, answer.content, config_name="AzureFunctionConfig")


def _asked(function: "Serverless", sent: bytes) -> "tuple[HttpResponse, float]":
    """Call the function, again where it is certain that it was not called.

    Returns:
        The answer, and after how many seconds it came.
    """
    for pause in _PAUSES_SECONDS:
        try:
            answer, seconds = _asked_once(function, sent)
        except ServiceRequestError:
            # Gone, or made anew with another address.
            entrances.forget(_session(function), function.function_name)
        else:
            if not _is_not_begun(answer):
                return answer, seconds
        time.sleep(pause)
    return _asked_once(function, sent)


def _asked_once(function: "Serverless", sent: bytes) -> "tuple[HttpResponse, float]":
    """Call the function with the key that is known, or with a new one if that is refused."""
    session, name = _session(function), function.function_name
    limit = min(config_of(function).timeout_seconds, LONGEST_CALL_SECONDS)
    for is_last in (False, True):
        entrance = entrances.find(session, name)
        start = time.monotonic()
        answer = send(
            session,
            "POST",
            f"{entrance.address}/api/{ROUTE}",
            headers={"x-functions-key": entrance.key, "Content-Type": "application/json"},
            content=sent,
            read_timeout_seconds=limit + _START_SECONDS,
        )
        seconds = time.monotonic() - start
        if answer.status_code not in {401, 404} or MARK in answer.headers:
            break
        # The key was renewed, or the app was made anew with another address.
        entrances.forget(session, name)
        if answer.status_code == 404 or is_last:
            break
    return answer, seconds


def _session(function: "Serverless") -> "AzureSession":
    return session_of(cast("AzureConfig", function.provider.config))


def _is_not_begun(answer: "HttpResponse") -> bool:
    """Return whether an answer says that the call has not reached the function."""
    if MARK in answer.headers:
        return False
    is_starting = answer.status_code == 503 and _NOT_RUNNING in answer.text().lower()
    return answer.status_code == 429 or is_starting


def _refused(function: "Serverless", answer: "HttpResponse", seconds: float) -> FunctionError:
    """Return the error of an answer that is Azure's own."""
    name, status = function.function_name, answer.status_code
    return FunctionError(
        f"The function {name!r} {_problem(function, answer, seconds)}",
        function_name=name,
        status=status,
    )


def _problem(function: "Serverless", answer: "HttpResponse", seconds: float) -> str:
    status, limit = answer.status_code, config_of(function).timeout_seconds
    said = f"HTTP {status}"
    text = " ".join(answer.text().split())[:_SHOWN_CHARACTERS].rstrip(". ")
    if text:
        said = f"{said}: {text}"
    if status == 401:
        return (
            f"could not be called: Azure takes none of its keys ({said}). Look whether the app's "
            "keys can be listed, or deploy it again."
        )
    if status == 403:
        return (
            f"could not be called: access is denied ({said}). Look whether the app is stopped, or "
            "keeps this network out."
        )
    if status == 404:
        return (
            f"could not be called: the app has no function {ROUTE!r} ({said}). Deploy it: "
            "function.deploy()."
        )
    if status == 413:
        return f"could not be called: the payload is too large ({said}). Send it through a bucket."
    if _is_not_begun(answer):
        return (
            f"could not be called: Azure has no place for it ({said}), also after several tries. "
            "Call it less at a time, or raise max_instances= of its AzureFunctionConfig."
        )
    return _silence(said, status, seconds, limit)


def _silence(said: str, status: int, seconds: float, limit: int) -> str:
    """Return what came of a call that was begun, and gave no answer of the function's own."""
    if seconds >= LONGEST_CALL_SECONDS - 1:
        return (
            f"gave no answer in {LONGEST_CALL_SECONDS} seconds, the most that Azure's load "
            f"balancer waits for ({said}). It may go on; give it less to do, or run it on an "
            "executor."
        )
    if seconds >= limit:
        return (
            f"timed out after {limit} seconds ({said}). Raise timeout_seconds= of its "
            "AzureFunctionConfig, or give it less to do."
        )
    if status >= 500:
        return (
            f"gave no answer ({said}): its process ended, as it does when the memory is used up, "
            "or Azure failed. The call may have been carried out, so it was not repeated. Look "
            "into the app's log; memory_mb= of its AzureFunctionConfig can be raised."
        )
    return f"was not called as expected ({said})."
