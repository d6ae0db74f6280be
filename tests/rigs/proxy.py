"""A loopback proxy in front of a store of the rig that fails as it is told.

    with Proxy(aws_server.endpoint) as proxy:
        provider = Provider(config=aws_server.config(endpoint_url=proxy.endpoint))
        proxy.on(error(503, "SlowDown"), method="PUT", path=r"\\.parquet$", times=2)

Rules are looked through in the order in which they were made; the first one that fits and is not
used up decides. What no rule is about is passed on as it is. The Host header is too, since AWS has
it signed. A fault is a function that is given an `Exchange`: new ones are written in a test.
"""

import re
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import unquote, urlsplit

RESET = struct.pack("ii", 1, 0)
"""The value of SO_LINGER with which closing a connection resets it."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for.

    Attributes:
        access_key: The key of AWS that signed it; empty for none.
        range: Which bytes of an object it wants; empty for all.
    """

    method: str
    path: str
    query: str
    access_key: str
    range: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Exchange:
    """One request under way, in the hands of a fault."""

    def __init__(self, handler: "_Handler", request: Request) -> None:
        self.request = request
        self._handler = handler

    def read(self, part: float = 1) -> bytes:
        """Take a part of the request's body from the client; all of it by default."""
        return self._handler.rfile.read(int(self._handler.body_bytes * part))

    def forward(self) -> Answer:
        """Have the server do the work, and return its answer."""
        return self._handler.ask_server(self.read())

    def send(self, answer: Answer, part: float = 1) -> None:
        """Answer the client, with all headers but perhaps only a part of the body."""
        handler = self._handler
        handler.send_response_only(answer.status)
        for name, value in answer.headers:
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(answer.body[: int(len(answer.body) * part)])
        handler.wfile.flush()

    def wait(self, seconds: float) -> None:
        """Send nothing for some time, or until the proxy ends."""
        self._handler.proxy.is_over.wait(seconds)

    def close(self) -> None:
        """End the connection."""
        self._handler.close_connection = True

    def reset(self) -> None:
        """End the connection by a reset."""
        self._handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close()


Fault = Callable[[Exchange], None]


def error(status: int, code: str) -> Fault:
    """Answer with an error as S3 and Azure have them, without asking the server.

    Both describe it in the same XML; Azure has the code in a header too.
    """

    def play(exchange: Exchange) -> None:
        exchange.read()
        body = f"<Error><Code>{code}</Code><Message>The rig says so.</Message></Error>".encode()
        headers = [
            ("Content-Type", "application/xml"),
            ("Content-Length", str(len(body))),
            ("x-ms-error-code", code),
        ]
        has_body = exchange.request.method != "HEAD"
        exchange.send(Answer(status, headers, body if has_body else b""))

    return play


def reset_request(exchange: Exchange) -> None:
    """Reset the connection in the middle of the request's body; the server hears nothing."""
    exchange.read(0.5)
    exchange.reset()


def reset_response(exchange: Exchange) -> None:
    """Reset the connection in the middle of the answer's body."""
    exchange.send(exchange.forward(), 0.5)
    exchange.reset()


def truncate(exchange: Exchange) -> None:
    """End the connection in the middle of the answer's body, without a reset."""
    exchange.send(exchange.forward(), 0.5)
    exchange.close()


def drop(exchange: Exchange) -> None:
    """Have the server do the work, and end the connection without an answer."""
    exchange.forward()
    exchange.close()


def stall(seconds: float) -> Fault:
    """Send half of the answer, then no byte for some time, then end the connection."""

    def play(exchange: Exchange) -> None:
        exchange.send(exchange.forward(), 0.5)
        exchange.wait(seconds)
        exchange.close()

    return play


def delay(seconds: float) -> Fault:
    """Have the server do the work later, and answer then."""

    def play(exchange: Exchange) -> None:
        exchange.wait(seconds)
        exchange.send(exchange.forward())

    return play


def hang(seconds: float) -> Fault:
    """Take the request and send no byte for some time; the server hears nothing."""

    def play(exchange: Exchange) -> None:
        exchange.read()
        exchange.wait(seconds)
        exchange.close()

    return play


@dataclass(slots=True)
class Rule:
    """Which requests a fault befalls: those that fit, from the `skip`-th, `times` of them.

    Attributes:
        played: How often it did.
    """

    fault: Fault
    method: str = ""
    path: str = ""
    query: str = ""
    skip: int = 0
    times: int | None = None
    when: Callable[[Request], bool] = field(default=lambda _: True)
    played: int = 0

    def decides(self, request: Request) -> bool:
        """Return whether it is this rule's turn, and count it."""
        is_meant = (
            (self.method in {"", request.method})
            and re.search(self.path, unquote(request.path)) is not None
            and re.search(self.query, request.query) is not None
            and (self.times is None or self.played < self.times)
            and self.when(request)
        )
        if is_meant and self.skip > 0:
            self.skip -= 1
            return False
        self.played += is_meant
        return is_meant


class Proxy:
    """A proxy on a port of its own; a context manager.

    Args:
        upstream: The server's address.

    Attributes:
        endpoint: The proxy's address, with the path of the server's.
        requests: What was asked of it, in order.
        is_over: Set when it ends.
    """

    def __init__(self, upstream: str) -> None:
        _, self.upstream, path, *_ = urlsplit(upstream)
        self.requests: list[Request] = []
        self.is_over = threading.Event()
        self._rules: list[Rule] = []
        self._lock = threading.Lock()
        self._server = _Server(self)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}{path}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="rig-proxy"
        )

    def on(self, fault: Fault, **conditions: Any) -> Rule:  # Any: the fields of `Rule`
        """Have a fault befall the requests that fit; `Rule` has the conditions."""
        rule = Rule(fault, **conditions)
        with self._lock:
            self._rules.append(rule)
        return rule

    def clear(self) -> None:
        """Forget all rules, and what was asked."""
        with self._lock:
            self._rules.clear()
            self.requests.clear()

    def fault_for(self, request: Request) -> Fault | None:
        """Note a request and return what befalls it."""
        with self._lock:
            self.requests.append(request)
            return next((rule.fault for rule in self._rules if rule.decides(request)), None)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.is_over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy
        self._open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        self.close_request(request)  # without the shutdown before, which would be no reset

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that end a connection are what this is about."""

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self._open):
            with suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self.proxy = cast("_Server", self.server).proxy
        self._upstream = HTTPConnection(self.proxy.upstream)

    def finish(self) -> None:
        self._upstream.close()
        with suppress(OSError):  # the client was faster
            super().finish()

    def handle_expect_100(self) -> bool:
        is_expected = super().handle_expect_100()
        self.wfile.flush()  # the client waits for it
        return is_expected

    def handle_any(self) -> None:
        self.body_bytes = int(self.headers.get("Content-Length") or 0)
        parts = urlsplit(self.path)
        key = self.headers.get("Authorization", "").partition("Credential=")[2].partition("/")[0]
        wanted = self.headers.get("x-ms-range") or self.headers.get("Range") or ""
        exchange = Exchange(self, Request(self.command, parts.path, parts.query, key, wanted))
        fault = self.proxy.fault_for(exchange.request)
        if fault is not None:
            fault(exchange)
        else:
            exchange.send(exchange.forward())

    do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = handle_any  # noqa: N815

    def ask_server(self, body: bytes) -> Answer:
        upstream = self._upstream
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in {"expect", "connection"}:
                upstream.putheader(name, value)
        upstream.endheaders(body or None)
        answer: HTTPResponse = upstream.getresponse()
        content = answer.read()
        headers = [
            (name, value)
            for name, value in answer.getheaders()
            if name.lower() not in {"connection", "transfer-encoding"}
        ]
        if answer.getheader("Content-Length") is None:
            headers.append(("Content-Length", str(len(content))))
        return Answer(answer.status, headers, content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing; `Proxy.requests` tells."""
