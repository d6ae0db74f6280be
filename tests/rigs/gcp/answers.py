"""What all parts of the rig answer with: JSON, and Google's errors."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response


class ApiError(Exception):
    """A request that is not done.

    Args:
        status: The HTTP status.
        reason: Google's word for it in JSON, such as `notFound`.
        message: What went wrong.
        code: The XML API's word for it, such as `NoSuchKey`.
        details: What else the XML API says of it; its message is the general one then.
    """

    def __init__(
        self, status: int, reason: str, message: str, *, code: str = "", details: str = ""
    ) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message
        self.code = code or reason[:1].upper() + reason[1:]
        self.details = details


def json_answer(
    content: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer with JSON."""
    body = json.dumps(content)
    return Response(body, status, headers, media_type="application/json; charset=UTF-8")


def json_error(error: ApiError) -> Response:
    """Return an error as Cloud Storage's JSON API tells it."""
    if error.status == 304:
        return Response(status_code=304)
    one: dict[str, Any] = {
        "message": error.message,
        "domain": "global",
        "reason": error.reason,
    }
    if error.status == 401:
        one |= {"locationType": "header", "location": "Authorization"}
    content = {"code": error.status, "message": error.message, "errors": [one]}
    return json_answer({"error": content}, error.status)


def api_error(status: int, name: str, message: str) -> Response:
    """Return an error as the newer APIs tell it, with a name such as `PERMISSION_DENIED`."""
    content = {"code": status, "message": message, "status": name}
    return json_answer({"error": content}, status)


async def json_body(request: Request) -> dict[str, Any]:
    """Return a request's JSON object; an empty one where the body is empty.

    Raises:
        ApiError: It is none.
    """
    body = await request.body()
    if not body:
        return {}
    try:
        found = json.loads(body)
    except ValueError as error:
        raise ApiError(400, "parseError", "Parse Error") from error
    if not isinstance(found, dict):
        raise ApiError(400, "parseError", "Parse Error")
    return found


def base_url(request: Request) -> str:
    """Return the address by which the client reaches the rig."""
    return f"http://{request.headers['host']}"


def bool_in(query: Mapping[str, str], name: str) -> bool:
    """Return whether a parameter says true."""
    return query.get(name, "").lower() == "true"
