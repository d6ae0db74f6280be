"""A store on HTTP that counts which process got how many bytes of it."""

import os
import re
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

Reader = Literal["caller", "job"]


class RangeServer:
    """Serves one file of this machine in parts, from this process, on a free port.

    Args:
        file: What is served, whatever the path of the URL.

    Attributes:
        sent: How many bytes of it this process has got as a client, and how many another one.
    """

    def __init__(self, file: Path) -> None:
        self.sent: Counter[Reader] = Counter()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler(file))
        self._server.daemon_threads = True
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where the file is."""
        return f"http://127.0.0.1:{self._server.server_port}/data.parquet"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _note(self, client_port: int, count: int) -> None:
        reader: Reader = "caller" if _is_of_this_process(client_port) else "job"
        with self._lock:
            self.sent[reader] += count

    def _handler(self, file: Path) -> type[BaseHTTPRequestHandler]:
        owner, size = self, file.stat().st_size

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                found = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
                first, last = _bounds(found, size) if found else (0, size - 1)
                self.send_response(206 if found else 200)
                self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
                self._finish_head(last - first + 1)
                with file.open("rb") as opened:
                    opened.seek(first)
                    owner._note(self.client_address[1], last - first + 1)
                    self.wfile.write(opened.read(last - first + 1))

            def do_HEAD(self) -> None:
                self.send_response(200)
                self._finish_head(size)

            def _finish_head(self, length: int) -> None:
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")
                self.send_header("Content-Length", str(length))
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None: ...

        return Handler


def _bounds(found: re.Match[str], size: int) -> tuple[int, int]:
    first, last = found.groups()
    if not first:
        return size - int(last), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _is_of_this_process(client_port: int) -> bool:
    """Return whether the client's end of a connection is a socket of this process."""
    local = f"0100007F:{client_port:04X}"
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    inode = next(fields[9] for line in lines if (fields := line.split())[1] == local)
    own = set()
    for link in os.scandir("/proc/self/fd"):
        try:
            own.add(os.readlink(link.path))  # noqa: PTH115 - it points to no path
        except FileNotFoundError:  # closed meanwhile
            continue
    return f"socket:[{inode}]" in own
