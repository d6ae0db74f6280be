"""The process of the rig: Google Cloud's storage, identity and functions.

It is started by `server.GcpServer`, prints its port, and ends when its standard input does.
"""

import socket
import sys
import threading

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.rigs.gcp import (
    control,
    dataproc,
    functions,
    identity,
    machines,
    scheduler,
    service_accounts,
    storage_json,
    storage_xml,
)
from tests.rigs.gcp.answers import ApiError, json_answer, json_error
from tests.rigs.gcp.cloud import Cloud

PARTS = (
    *(control, identity, machines, service_accounts),
    *(dataproc, functions, scheduler),
    *(storage_json, storage_xml),
)
"""What the rig plays. The last part takes every path that no other one does."""

IDLE_SECONDS = 600
"""Clients keep their connections, and don't all try again on one that was closed meanwhile."""


class Front:
    """Notes every request, and has paths stay as they came: names may hold encoded slashes."""

    def __init__(self, app: ASGIApp, cloud: Cloud) -> None:
        self._app = app
        self._cloud = cloud
        self._requests: list[dict[str, str]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        path = scope["path"] = scope["raw_path"].decode("latin-1")
        if path == "/rig/requests":
            return await self._told(scope["method"])(scope, receive, send)
        if not path.startswith("/rig/"):
            self._requests.append(self._noted(HTTPConnection(scope)))
        return await self._app(scope, receive, send)

    def _noted(self, request: HTTPConnection) -> dict[str, str]:
        return {
            "method": request.scope["method"],
            "path": request.scope["path"],
            "query": request.scope["query_string"].decode("latin-1"),
            "range": request.headers.get("range", ""),
            "content_range": request.headers.get("content-range", ""),
            "generation_match": request.headers.get("x-goog-if-generation-match", ""),
            "identity": self._cloud.accounts.holder(request),
        }

    def _told(self, method: str) -> Response:
        """Answer with what was asked so far, and forget it where that is deleted."""
        found = list(self._requests)
        if method == "DELETE":
            self._requests.clear()
        return json_answer(found)


def application(cloud: Cloud) -> ASGIApp:
    """Return what answers all requests."""
    routes: list[BaseRoute] = [route for part in PARTS for route in part.routes(cloud)]
    app = Starlette(routes=routes, exception_handlers={ApiError: _refused, ClientDisconnect: _left})
    app.router.redirect_slashes = False
    return Front(app, cloud)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return json_error(error)


async def _left(request: Request, error: Exception) -> Response:
    """Answer a client that is gone already."""
    return Response(status_code=499)


def main() -> None:
    """Serve until the standard input ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application(Cloud()),
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        timeout_keep_alive=IDLE_SECONDS,
    )
    server = uvicorn.Server(config)
    threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    server.run(sockets=[listener])


def _end_with_input(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = True
    server.force_exit = True


if __name__ == "__main__":
    main()
