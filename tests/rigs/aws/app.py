"""The process of the rig: moto's server, with what really runs functions and jobs in front of it.

It is started by `server.AwsServer`, prints its port, and ends when its standard input does.
"""

import atexit
import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from typing import Any, Protocol
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from tests.rigs.aws.multipart import Multipart

Answer = Iterable[bytes]


class Part(Protocol):
    """What answers some requests in moto's place."""

    def answer(self, environ: WSGIEnvironment, start: StartResponse) -> Answer | None:
        """Answer a request; None for one that is moto's."""


class Front:
    """Notes every request, and hands each to the first part that answers it.

    Args:
        moto: Who answers all others.
        parts: Who is asked before.
    """

    def __init__(self, moto: WSGIApplication, parts: Sequence[Part]) -> None:
        self._moto = moto
        self._parts = parts
        self._requests: list[dict[str, str]] = []
        self._lock = threading.Lock()
        self._creation = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Answer:
        path = environ["PATH_INFO"]
        if path == "/rig/requests":
            return self._told(environ["REQUEST_METHOD"], start)
        with self._lock:
            self._requests.append(
                {
                    "method": environ["REQUEST_METHOD"],
                    "path": path,
                    "query": environ.get("QUERY_STRING", ""),
                    "target": environ.get("HTTP_X_AMZ_TARGET", ""),
                    "action": _action(environ),
                    "copy_source": environ.get("HTTP_X_AMZ_COPY_SOURCE", ""),
                    "range": environ.get("HTTP_RANGE", ""),
                    "access_key": access_key_of(environ),
                }
            )
        for part in self._parts:
            found = part.answer(environ, start)
            if found is not None:
                return found
        # moto looks whether an object is there, and puts one there, in two steps.
        with self._creation if "HTTP_IF_NONE_MATCH" in environ else nullcontext():
            return self._moto(environ, start)

    def _told(self, method: str, start: StartResponse) -> Answer:
        """Answer with what was asked so far, and forget it where that is deleted."""
        with self._lock:
            body = json.dumps(self._requests).encode()
            if method == "DELETE":
                self._requests.clear()
        start("200 OK", [("Content-Type", "application/json")])
        return [body]


def _action(environ: WSGIEnvironment) -> str:
    """Return what a request of IAM or STS asks for, which only its body says."""
    if not environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return ""
    return parse_qs(read_body(environ).decode()).get("Action", [""])[0]


def access_key_of(environ: WSGIEnvironment) -> str:
    """Return the access key that has signed a request; empty for none."""
    authorization: str = environ.get("HTTP_AUTHORIZATION", "")
    return authorization.partition("Credential=")[2].partition("/")[0]


def read_body(environ: WSGIEnvironment) -> bytes:
    """Return a request's body, which stays there for moto to read."""
    import io

    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def parts(port: int) -> Sequence[Part]:
    """Return what runs beside moto."""
    from tests.rigs.aws.access import BriefRoles, BucketAccess
    from tests.rigs.aws.glue_runs import GlueRuns
    from tests.rigs.aws.lambda_runtime import LambdaRuntime

    functions, glue = LambdaRuntime(port), GlueRuns(port, read_body)
    for part in (functions, glue):
        atexit.register(part.close)
    return [BucketAccess(), BriefRoles(), functions, glue]


def main() -> None:
    """Serve until the standard input ends."""
    app = DomainDispatcherApplication(create_backend_app)
    server = make_server(
        "127.0.0.1", 0, lambda *_: [], threaded=True, request_handler=MotoRequestHandler
    )
    os.environ["MOTO_PORT"] = str(server.server_port)
    server.app = Multipart(Front(app, parts(server.server_port)))
    print(server.server_port, flush=True)
    threading.Thread(target=_end_with_input, args=(server.shutdown,), daemon=True).start()
    server.serve_forever()


def _end_with_input(stop: Callable[[], Any]) -> None:
    sys.stdin.read()
    stop()


if __name__ == "__main__":
    main()
