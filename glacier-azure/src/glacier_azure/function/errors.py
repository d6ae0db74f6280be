"""What Azure says of a function app, in Glacier's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)

from glacier.errors import FunctionError
from glacier_azure.answers import code_of, hide_secrets, said_by
from glacier_azure.identity import secrets_of
from glacier_azure.session import session_of

if TYPE_CHECKING:
    from glacier.resources import Serverless
    from glacier_azure.config import AzureConfig

Action: TypeAlias = Literal["called", "compared", "deployed"]
"""What may be tried with a function."""

_DENIED = {"AuthorizationFailed", "AuthorizationFailure", "AuthorizationPermissionMismatch"}
_LAST_LINES = 20

_UNKNOWN: dict[Action, str] = {
    "compared": "Ask again later.",
    "called": "The request may have been carried out, so it was not repeated. Look into the "
    "function's log before it is tried again.",
    "deployed": "Deploy it again; what has been done already stays.",
}


@contextmanager
def function_errors(function: "Serverless", action: Action) -> Iterator[None]:
    """Turn errors of the SDKs into a `FunctionError`; secrets in their texts are hidden.

    Args:
        function: What the work is about.
        action: What was tried: `called` or `deployed`.
    """
    try:
        yield
    except AzureError as error:
        config = cast("AzureConfig", function.provider.config)
        hide_secrets(error, secrets_of(session_of(config)))
        name, group = function.function_name, config.resource_group
        start = f"The function {name!r} in the resource group {group!r} could not be {action}"
        raise FunctionError(
            f"{start}: {_reason(error, action, group)}",
            function_name=name,
            resource_group=group,
            code=error_code(error),
        ) from error


def error_code(error: AzureError) -> str:
    """Return the code of an error of Resource Manager or of Blob Storage; empty for others."""
    told = getattr(error, "error", None)
    return code_of(error) or str(getattr(told, "code", None) or "")


def end_of(log: str) -> str:
    """Return the last lines of a log, to be put at the end of an error's message."""
    lines = log.splitlines()[-_LAST_LINES:]
    return "".join(["\nThe end of its log:", *(f"\n    {line}" for line in lines)]) if lines else ""


def _reason(error: AzureError, action: Action, group: str) -> str:
    said = said_by(error)
    if isinstance(error, ClientAuthenticationError) and error.status_code is None:
        return (
            f"no identity was found ({said}). Give AzureConfig a service principal, log in with "
            "az login, or run it where a managed identity is."
        )
    if isinstance(error, HttpResponseError) and error.status_code is not None:
        return _of_answer(error, said, action, group)
    if isinstance(error, ServiceResponseError | HttpResponseError):  # it broke off
        return f"no answer came: {said}. {_UNKNOWN[action]}"
    if isinstance(error, ServiceRequestError):
        return f"{said}. Check the network and the endpoint."
    return f"{said}."


def _of_answer(error: HttpResponseError, said: str, action: Action, group: str) -> str:
    code, status = error_code(error), error.status_code or 0
    if code == "ResourceGroupNotFound":
        return (
            f"the resource group {group!r} does not exist. Create it with Terraform or "
            "az group create, or correct AzureConfig(resource_group=...)."
        )
    if code in {"SubscriptionNotFound", "InvalidSubscriptionId"}:
        return f"{said}. Correct AzureConfig(subscription_id=...)."
    if code in _DENIED or status == 403:
        return (
            f"access is denied ({code}: {said}). Check the roles of the identity that the "
            "provider's config stands for."
        )
    if status == 401 or isinstance(error, ClientAuthenticationError):
        return f"Azure does not take the credentials ({code}: {said}). Renew or correct them."
    if status == 404:
        advice = (
            "Deploy it first: function.deploy()" if action == "called" else "Correct its config"
        )
        return f"it, or what it needs, does not exist ({said}). {advice}."
    if status == 409:
        return (
            f"Azure is in the way of it ({code}: {said}). Names of apps are unique in the whole "
            "world: if another one has it, rename the function."
        )
    if status == 400:
        return (
            f"Azure does not take its settings ({code}: {said}). Correct its AzureFunctionConfig."
        )
    if status >= 500:
        return f"Azure failed: {code or status}: {said}. {_UNKNOWN[action]}"
    return f"{code or status}: {said}."
