"""What control planes of rigs have in common: one process that answers HTTP, part by part.

It prints its port, and ends when its standard input does.
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


class Part(Protocol):
    """What answers some of the requests."""

    def answer(self, request: Request) -> Response | None:
        """Answer a request; None for one that is another part's."""

    def close(self) -> None:
        """End what it has started."""


class Front:
    """Notes every request, and hands each to the first part that answers it.

    Args:
        parts: What the rig plays.
        identity_of: Says whose a request is, for the notes.
        unknown: The content of the answer to a request that nothing answers.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        identity_of: Callable[[Request], str],
        unknown: Callable[[Request], Any],
    ) -> None:
        self._parts = parts
        self._identity_of = identity_of
        self._unknown = unknown
        self._requests: list[dict[str, str]] = []
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
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
                    "identity": self._identity_of(request),
                }
            )
        for part in self._parts:
            found = part.answer(request)
            if found is not None:
                return found
        return json_answer(404, self._unknown(request))

    def _told(self, method: str) -> Response:
        """Answer with what was asked so far, and forget it where that is deleted."""
        with self._lock:
            found = list(self._requests)
            if method == "DELETE":
                self._requests.clear()
        return json_answer(200, found)


def json_answer(status: int, content: Any, **headers: str) -> Response:
    """Return an answer with JSON; underscores in the names of headers become hyphens."""
    answer = Response(json.dumps(content), status, content_type="application/json")
    for name, value in headers.items():
        answer.headers[name.replace("_", "-")] = value
    return answer


class Quiet(WSGIRequestHandler):
    """Prints no requests."""

    def log_request(self, *_: object) -> None:
        """Print nothing."""


def serve(
    parts: Callable[[int], Sequence[Part]],
    identity_of: Callable[[Request], str],
    unknown: Callable[[Request], Any],
) -> None:
    """Serve until the standard input ends.

    Args:
        parts: Makes what the rig plays, by its port.
        identity_of: As of `Front`.
        unknown: As of `Front`.
    """
    server = make_server("127.0.0.1", 0, lambda *_: [], threaded=True, request_handler=Quiet)
    made = parts(server.server_port)
    for part in made:
        atexit.register(part.close)
    server.app = Front(made, identity_of, unknown)
    print(server.server_port, flush=True)
    threading.Thread(target=_end_with_input, args=(server.shutdown,), daemon=True).start()
    server.serve_forever()


def _end_with_input(stop: Callable[[], Any]) -> None:
    sys.stdin.read()
    stop()
