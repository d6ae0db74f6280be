"""The process of the rig: Azure's control planes, and what really runs functions and jobs.

It is started by `server.AzureServer`, prints its port, and ends when its standard input does.
"""

import atexit
import json
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

Answer = Iterable[bytes]


class Part(Protocol):
    """What answers some of the requests."""

    def answer(self, request: Request) -> Response | None:
        """Answer a request; None for one that is another part's."""

    def close(self) -> None:
        """End what it has started."""


class Front:
    """Notes every request, and hands each to the first part that answers it."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._requests: list[dict[str, str]] = []
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Answer:
        return self._answer(Request(environ))(environ, start)

    def _answer(self, request: Request) -> Response:
        if request.path == "/rig/requests":
            return self._told(request.method)
        with self._lock:
            self._requests.append(
                {
                    "method": request.method,
                    "path": request.path,
                    "query": request.query_string.decode(),
                    "identity": identity_of(request),
                }
            )
        for part in self._parts:
            found = part.answer(request)
            if found is not None:
                return found
        return json_answer(404, error("NotFound", f"The rig plays no {request.path}."))

    def _told(self, method: str) -> Response:
        """Answer with what was asked so far, and forget it where that is deleted."""
        with self._lock:
            found = list(self._requests)
            if method == "DELETE":
                self._requests.clear()
        return json_answer(200, found)


def identity_of(request: Request) -> str:
    """Return who a request's token was made for; empty where it has none that the rig made."""
    from tests.rigs.azure.identity import claims_in

    return str(claims_in(request).get("oid", ""))


def json_answer(status: int, content: Any, **headers: str) -> Response:
    """Return an answer with JSON; underscores in the names of headers become hyphens."""
    answer = Response(json.dumps(content), status, content_type="application/json")
    for name, value in headers.items():
        answer.headers[name.replace("_", "-")] = value
    return answer


def error(code: str, message: str) -> dict[str, Any]:
    """Return an error as Resource Manager tells it."""
    return {"error": {"code": code, "message": message}}


def parts(port: int) -> Sequence[Part]:
    """Return what the rig plays."""
    from tests.rigs.azure.function_apps import FunctionApps
    from tests.rigs.azure.identity import Identity
    from tests.rigs.azure.resources import ResourceManager
    from tests.rigs.azure.storage_accounts import BlobServices, storage_types
    from tests.rigs.azure.synapse import Synapse

    apps = FunctionApps(port)
    manager = ResourceManager(port, apps.types)
    manager.know(*storage_types(manager))
    apps.resources = manager
    return [Identity(), apps, BlobServices(manager), manager, Synapse(port, manager)]


class Quiet(WSGIRequestHandler):
    """Prints no requests."""

    def log_request(self, *_: object) -> None:
        """Print nothing."""


def main() -> None:
    """Serve until the standard input ends."""
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True, request_handler=Quiet)
    made = parts(server.server_port)
    for part in made:
        atexit.register(part.close)
    server.app = Front(made)
    print(server.server_port, flush=True)
    threading.Thread(target=_end_with_input, args=(server.shutdown,), daemon=True).start()
    server.serve_forever()


def _end_with_input(stop: Callable[[], Any]) -> None:
    sys.stdin.read()
    stop()


if __name__ == "__main__":
    main()
