"""What the control planes of the rig share: who may do what, and how that is refused.

The newer APIs tell of an error with the name of its kind, such as `PERMISSION_DENIED`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tests.rigs.gcp.answers import api_error, json_answer, json_body
from tests.rigs.gcp.cloud import Cloud

Handler = Callable[[Request], Awaitable[Any]]


class RefusedError(Exception):
    """A request that is not done.

    Args:
        status: The HTTP status.
        name: The kind of the error.
        message: What went wrong.
    """

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.name = name


def answering(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers a request with the JSON that a handler returns, or with its refusal."""

    async def answer(request: Request) -> Response:
        try:
            found = await handler(request)
        except RefusedError as error:
            return api_error(error.status, error.name, str(error))
        return found if isinstance(found, Response) else json_answer(found)

    return answer


class Policies:
    """The policies of a plane's resources, by their names.

    Args:
        cloud: Where.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._known: dict[str, dict[str, Any]] = {}
        self._changes = 0

    def find(self, name: str) -> dict[str, Any]:
        """Return a resource's policy."""
        return self._known.setdefault(name, {"version": 1, "etag": "BwX0", "bindings": []})

    def remove(self, name: str) -> None:
        """Forget a resource's policy."""
        self._known.pop(name, None)

    def require(self, request: Request, permission: str, name: str = "") -> str:
        """Return who asks for what they may do.

        Raises:
            RefusedError: They may not.
        """
        who = self._cloud.caller(request)
        policy = self.find(name) if name else None
        if not self._cloud.permissions.permits(who, permission, policy):
            raise denied(permission, name or "the project")
        return who

    async def set(self, request: Request, name: str) -> Mapping[str, Any]:
        """Replace a resource's policy, if it is still that which the caller has seen."""
        policy = (await json_body(request))["policy"]
        if policy.get("etag") not in {None, "", self.find(name)["etag"]}:
            message = "There were concurrent policy changes. Please retry the whole operation."
            raise RefusedError(409, "ABORTED", message)
        self._changes += 1
        self._known[name] = {**policy, "etag": f"BwX{self._changes}"}
        return self._known[name]


def denied(permission: str, resource: str) -> RefusedError:
    """Return the error of what isn't permitted, in Google's words."""
    message = f"Permission '{permission}' denied on resource '{resource}' (or it may not exist)."
    return RefusedError(403, "PERMISSION_DENIED", message)
