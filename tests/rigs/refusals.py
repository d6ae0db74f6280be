"""A store on this machine that refuses every request, in the words of S3 or of Blob Storage.

For what emulators never say: another region, a clock that is wrong, a token that has expired. Both
describe an error in the same XML; Azure has its code in a header too. Google's are in
`gcp.refusals`.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True)
class Refusal:
    """One answer: an error document, of which a HEAD request gets the status and the headers alone.

    Attributes:
        status: The HTTP status.
        code: The error's code, such as `AccessDenied`.
        message: What the store says with it.
        headers: Headers beside the usual ones.
        details: More elements of the document.
    """

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, str] = field(default_factory=dict)

    def document(self, path: str) -> tuple[str, bytes]:
        """Return the type and the bytes of what is answered to a request for a path."""
        elements = {"Code": self.code, "Message": self.message, **self.details}
        inner = "".join(f"<{name}>{text}</{name}>" for name, text in elements.items())
        root = f"<Error>{inner}<RequestId>4442587FB7D0A2F9</RequestId></Error>"
        return "application/xml", f'<?xml version="1.0" encoding="UTF-8"?>\n{root}'.encode()


class RefusingStore:
    """Serves one refusal on a free port; a context manager.

    Args:
        refusal: What every request gets.
    """

    def __init__(self, refusal: Refusal) -> None:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                kind, document = refusal.document(self.path)
                body = b"" if self.command == "HEAD" else document
                self.send_response(refusal.status)
                for name, value in refusal.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_HEAD = do_PUT = do_POST = do_PATCH = do_DELETE = answer  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        # It looks this often, in seconds, whether it is to end.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
