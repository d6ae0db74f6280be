"""Batches of the JSON API: many requests in the body of one.

https://cloud.google.com/storage/docs/batch
"""

import secrets
from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.related import mixed_parts

MOST_REQUESTS = 100


class Batches:
    """Hands the requests of a batch to the rig, one after the other."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    async def run(self, request: Request) -> Response:
        """Answer each request of a batch."""
        parts = mixed_parts(await request.body(), request.headers.get("content-type", ""))
        if len(parts) > MOST_REQUESTS:
            message = "The batch request contains more than the limit of 100 calls."
            raise ApiError(400, "invalid", message)
        boundary = f"batch_{secrets.token_urlsafe(12)}"
        found = []
        for content_id, content in parts:
            answer = await _answered(request, content)
            head = f"--{boundary}\r\nContent-Type: application/http\r\n"
            found.append(f"{head}Content-ID: <response-{content_id}>\r\n\r\n".encode() + answer)
        found.append(f"--{boundary}--\r\n".encode())
        return Response(
            b"\r\n".join(found), 200, {"content-type": f"multipart/mixed; boundary={boundary}"}
        )


async def _answered(outer: Request, content: bytes) -> bytes:
    """Return the answer to one request as the text of HTTP."""
    head, _, body = content.partition(b"\n\n")
    first, *lines = head.decode().splitlines()
    method, target, _ = first.split(" ", 2)
    given = [line.partition(":") for line in lines]
    headers = {name.strip().lower(): value.strip() for name, _, value in given}
    for name in ("authorization", "host"):
        if name in outer.headers:
            headers.setdefault(name, outer.headers[name])
    status, answer_headers, answer = await _call(outer, method, target, headers, body)
    phrase = HTTPStatus(status).phrase
    told = "".join(f"{name}: {value}\r\n" for name, value in answer_headers.items())
    return f"HTTP/1.1 {status} {phrase}\r\n{told}\r\n".encode() + answer + b"\r\n"


async def _call(
    outer: Request, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> tuple[int, dict[str, str], bytes]:
    address = urlsplit(target)
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": outer.scope["asgi"],
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": address.path,
        "raw_path": address.path.encode(),
        "query_string": address.query.encode(),
        "root_path": "",
        "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
        "client": outer.scope["client"],
        "server": outer.scope["server"],
        "state": {},
    }
    status, told, pieces = 500, {}, []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            told.update({k.decode(): v.decode("latin-1") for k, v in message["headers"]})
        else:
            pieces.append(bytes(message.get("body", b"")))

    await outer.app(scope, receive, send)
    return status, told, b"".join(pieces)
