"""Calls a deployed Lambda function, and says what went wrong over there."""

import base64
import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError

from glacier.errors import FunctionError, PayloadError
from glacier.resources.payload import decoded, encoded
from glacier_aws.errors import code_of
from glacier_aws.function.request import config_of, function_request
from glacier_aws.session import session_of

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

    from glacier.resources import Serverless
    from glacier_aws.config import AwsConfig

LARGEST_PAYLOAD_BYTES = 6_291_456
"""What Lambda takes and gives in one call that is waited for:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

_START_SECONDS = 30
"""How long a function may take to start, beside its own timeout."""

_PAUSES_SECONDS = (0.5, 1, 2, 4)
_LAST_LINES = 20
_OUT_OF_MEMORY = ("Runtime.OutOfMemory", "signal: killed")
_UNFIT = {
    "Runtime.HandlerNotFound",
    "Runtime.ImportModuleError",
    "Runtime.MalformedHandlerName",
    "Runtime.UserCodeSyntaxError",
}


def call_function(function: "Serverless", payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a function's answer to a payload.

    Raises:
        PayloadError: The payload or the answer is no JSON object, or too large.
        FunctionError: The handler raised, or its process died.
        ClientError: AWS refuses.
        BotoCoreError: AWS can't be reached, or does not answer.
    """
    name = function.function_name
    what = f"the payload of {name!r}"
    sent = encoded(payload, what=what).encode()
    if len(sent) > LARGEST_PAYLOAD_BYTES:
        raise PayloadError(
            f"Expected {what} to have at most {LARGEST_PAYLOAD_BYTES:,} bytes as JSON (6 MB, "
            f"Lambda's limit), got {len(sent):,}. Send it through a bucket whose path is sent.",
            path="",
        )
    answer = _asked(_client_for(function), name, sent)
    content = answer["Payload"].read()
    if answer.get("FunctionError"):
        log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
        raise _failed(name, json.loads(content), log)
    return decoded(content, what=f"the answer of {name!r}")


def _client_for(function: "Serverless") -> "LambdaClient":
    """Return a client that waits for as long as the function may take, and repeats nothing."""
    session = session_of(cast("AwsConfig", function.provider.config))
    request = function_request(function, None)
    seconds = request.get("Timeout", config_of(function).timeout_seconds)
    client = session.client(
        "lambda",
        read_timeout=seconds + _START_SECONDS,
        retries={"total_max_attempts": 1},
        tcp_keepalive=True,
    )
    return cast("LambdaClient", client)


def _asked(
    client: "LambdaClient", name: str, payload: bytes
) -> Any:  # Any: the answer, a TypedDict
    """Call the function, again where it is certain that it was not called."""
    for pause in _PAUSES_SECONDS:
        try:
            return client.invoke(FunctionName=name, Payload=payload, LogType="Tail")
        except ClientError as error:
            if code_of(error) != "TooManyRequestsException":
                raise
        except (ConnectTimeoutError, EndpointConnectionError):
            pass
        time.sleep(pause)
    return client.invoke(FunctionName=name, Payload=payload, LogType="Tail")


def _failed(name: str, content: Mapping[str, Any], log: str) -> FunctionError:
    """Return the error of a call that failed over there."""
    kind = str(content.get("errorType", ""))
    said = str(content.get("errorMessage", ""))
    if kind == "Glacier.PayloadError":
        return PayloadError(said, path="")
    if kind == "Function.ResponseSizeTooLarge":
        return PayloadError(
            f"The answer of {name!r} is too large: {said.rstrip('.')}. Write it to a bucket, and "
            "answer with its path.",
            path="",
        )
    trace = "".join(str(line) for line in content.get("stackTrace") or ())
    return FunctionError(
        _message(name, kind, said, trace, log),
        function_name=name,
        error_type=kind,
        remote_traceback=trace,
        log=log,
    )


def _message(name: str, kind: str, said: str, trace: str, log: str) -> str:
    if "Task timed out after" in said:
        seconds = said.partition("Task timed out after ")[2].rstrip(". ")
        return (
            f"The function {name!r} timed out: Task timed out after {seconds}. Raise "
            f"timeout_seconds= of its LambdaConfig, or give it less to do.{_end_of(log)}"
        )
    if any(sign in (kind, said.rpartition("error: ")[2]) for sign in _OUT_OF_MEMORY):
        return (
            f"The function {name!r} was killed, as Lambda does when the memory is used up ({kind}: "
            f"{said}). Raise memory_mb= of its LambdaConfig, or give it less to do.{_end_of(log)}"
        )
    if kind in _UNFIT:
        return (
            f"The function {name!r} can't start: {kind}: {said}. If a package is missing, name it "
            f"in packages= of its LambdaConfig and deploy again.{_end_of(log)}"
        )
    if kind == "Runtime.ExitError":
        return f"The process of the function {name!r} ended: {kind}: {said}.{_end_of(log)}"
    # Lambda's own kinds have no traceback.
    place = f" Its traceback over there:\n{trace.rstrip()}" if trace else _end_of(log)
    return f"The function {name!r} failed: {kind}: {said.rstrip('.')}.{place}"


def _end_of(log: str) -> str:
    lines = log.splitlines()[-_LAST_LINES:]
    return "".join(["\nThe end of its log:", *(f"\n    {line}" for line in lines)]) if lines else ""
