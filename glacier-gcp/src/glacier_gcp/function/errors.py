"""What Google says of a Cloud Function, in Glacier's words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from google.api_core.exceptions import GoogleAPICallError, GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from requests import ConnectionError as ConnectionFailedError
from requests import ConnectTimeout, RequestException

from glacier.errors import FunctionError
from glacier_gcp.answers import answer_of, refused_by
from glacier_gcp.credentials import NoTokenError
from glacier_gcp.errors import identity_of, of_identity
from glacier_gcp.function.request import provider_config_of
from glacier_gcp.http import NoAnswerError
from glacier_gcp.session import session_of

if TYPE_CHECKING:
    from glacier.resources import Serverless
    from glacier_gcp.answers import Answer
    from glacier_gcp.session import GcpSession

Action: TypeAlias = Literal["called", "compared", "deployed"]
"""What may be tried with a function."""

_OF_GOOGLE = (GoogleAPIError, GoogleAuthError, NoAnswerError, NoTokenError, RequestException)
"""What Google's libraries raise, and what is raised for them."""

_UNKNOWN: dict[Action, str] = {
    "compared": "Ask again later.",
    "called": "The request may have been carried out, so it was not repeated. Look into the "
    "function's log before it is tried again.",
    "deployed": "Deploy it again; what has been done already stays.",
}

_NOT_DONE: dict[Action, str] = {
    "called": "The function was looked up, and not called. Try it again later.",
    "deployed": _UNKNOWN["deployed"],
}

_ROLES: dict[Action, str] = {
    "called": "Give it roles/cloudfunctions.viewer, by which a function's address is found, and "
    "roles/run.invoker on the function's Cloud Run service.",
    "deployed": "Give it the role that has this permission, such as "
    "roles/cloudfunctions.developer, and roles/iam.serviceAccountUser on the account that the "
    "function runs as.",
}


@contextmanager
def function_errors(function: "Serverless", action: Action) -> Iterator[None]:
    """Turn errors of Google's libraries into a `FunctionError`.

    Args:
        function: What the work is about.
        action: What was tried: `called` or `deployed`.
    """
    try:
        yield
    except _OF_GOOGLE as error:
        config, name = provider_config_of(function), function.function_name
        session, answer = session_of(config), answer_of(error)
        start = f"The function {name!r} in {config.region} could not be {action}"
        identity = of_identity(error, f"the function {name!r}", session)
        reason = _reason(error, action, session) if identity is None else str(identity)
        raise FunctionError(
            f"{start}: {reason}",
            function_name=name,
            region=config.region,
            code="" if answer is None else answer.code or str(answer.status),
        ) from error


def is_unsent(error: RequestException) -> bool:
    """Return whether it is certain that a request has not reached anybody."""
    if isinstance(error, ConnectTimeout):
        return True
    reason = getattr(error.args[0] if error.args else None, "reason", None)
    return isinstance(error, ConnectionFailedError) and type(reason).__name__ in {
        "NameResolutionError",
        "NewConnectionError",
    }


def _reason(error: Exception, action: Action, session: "GcpSession") -> str:
    refused = refused_by(error)
    if refused is not None:
        return _of_answer(refused, cast("Answer", answer_of(refused)), action, session)
    if isinstance(error, RequestException) and not is_unsent(error):
        return f"no answer came: {error}. {_UNKNOWN[action]}"
    return f"{error}. Check the network and the endpoint."


def _of_answer(
    error: GoogleAPICallError, answer: "Answer", action: Action, session: "GcpSession"
) -> str:
    status, said = answer.status, answer.told
    if error.reason == "SERVICE_DISABLED":
        return f"one of Google's services is not enabled in the project: {said}."
    if status == 403:
        return f"access is denied to {identity_of(session)} ({said}). {_ROLES[action]}"
    if status == 404:
        advice = (
            "Deploy it first: function.deploy()" if action == "called" else "Correct its config"
        )
        return f"it, or what it needs, does not exist ({said}). {advice}."
    if status == 400:
        return f"Google does not take its settings ({said}). Correct its CloudFunctionConfig."
    if status == 409:
        return f"another change of it goes on ({said}). Deploy it again once that is over."
    if status == 429:
        return f"a quota of the project is used up ({said}). Wait, or have it raised."
    if status >= 500:
        return f"Google failed: {said}. {_NOT_DONE[action]}"
    return f"{said}."
