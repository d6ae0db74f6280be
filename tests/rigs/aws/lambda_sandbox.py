"""One process of a Lambda function, under a Lambda Runtime API on this machine."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

START_SECONDS = 60.0
_POLL_SECONDS = 0.02
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_API = "/2018-06-01/runtime"


@dataclass(slots=True)
class Outcome:
    """How a call ended.

    Attributes:
        request_id: Its id.
        content: What the function answers, or what Lambda says in its place.
        error: What the header `X-Amz-Function-Error` says; None for an answer.
        log: What the process has printed meanwhile.
    """

    request_id: str
    content: bytes
    error: str | None = None
    log: bytes = b""


class Sandbox:
    """A process that is kept for the next call, and its Runtime API.

    Args:
        directory: Holds the code in `task`; removed at the end.
        environment: All variables of the process.
        timeout_seconds: How long a call may take.
        memory_mb: What the process may have in memory.
    """

    def __init__(
        self,
        directory: Path,
        environment: dict[str, str],
        timeout_seconds: float,
        memory_mb: int,
    ) -> None:
        self._directory = directory
        self._timeout = timeout_seconds
        self._memory = memory_mb * 1024 * 1024
        self._events: queue.Queue[tuple[str, bytes, str, float]] = queue.Queue()
        self._ends: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._is_ready = threading.Event()
        self._api = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._api.daemon_threads = True
        threading.Thread(target=self._api.serve_forever, args=(_POLL_SECONDS,), daemon=True).start()
        self._log = (directory / "log").open("w+b")
        # -S: no site-packages but those that PYTHONPATH names, and the code, which is where it is.
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-m", "awslambdaric", environment["_HANDLER"]],
            cwd=directory / "task",
            env={
                **environment,
                "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._api.server_port}",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def is_alive(self) -> bool:
        """Whether another call can be made."""
        return self._process.poll() is None

    def invoke(self, request_id: str, event: bytes, arn: str) -> Outcome:
        """Hand the process an event and wait for what comes of it; it may be the end of it."""
        start = self._log.seek(0, os.SEEK_END)
        outcome = self._start(request_id) or self._call(request_id, event, arn)
        self._log.seek(start)
        outcome.log = self._log.read()
        if outcome.error is not None and not self.is_alive:
            self.close()
        return outcome

    def close(self) -> None:
        """End the process with all that it has started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._api.shutdown()
        self._api.server_close()
        self._log.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _start(self, request_id: str) -> Outcome | None:
        """Wait until the process asks for its first event; return what it says instead."""
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready.wait(_POLL_SECONDS):
            if not self._ends.empty():
                self._process.wait()
                return Outcome(request_id, self._ends.get()[1], "Unhandled")
            if not self.is_alive or time.monotonic() > deadline:
                return self._died(request_id)
        return None

    def _call(self, request_id: str, event: bytes, arn: str) -> Outcome:
        deadline = time.monotonic() + self._timeout
        self._events.put((request_id, event, arn, time.time() + self._timeout))
        while True:
            try:
                kind, content = self._ends.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                pass
            else:
                return Outcome(request_id, content, "Unhandled" if kind == "error" else None)
            if time.monotonic() > deadline:
                self._kill()
                seconds = f"Task timed out after {self._timeout:.2f} seconds"
                return _lambdas_own(request_id, "Sandbox.Timedout", seconds)
            if self._resident_bytes() > self._memory:
                self._kill()
            if not self.is_alive and self._ends.empty():
                return self._died(request_id)

    def _kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _died(self, request_id: str) -> Outcome:
        self._process.poll()
        status = self._process.returncode
        if status is None:
            self._kill()
            return _lambdas_own(request_id, "Sandbox.Timedout", "Task timed out after its start")
        how = "signal: killed" if status == -signal.SIGKILL else f"exit status {status}"
        return _lambdas_own(request_id, "Runtime.ExitError", f"Runtime exited with error: {how}")

    def _resident_bytes(self) -> int:
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]
        except (OSError, IndexError):  # ended meanwhile, or not Linux
            return 0
        return int(pages) * _PAGE_BYTES

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        events, ends, is_ready = self._events, self._ends, self._is_ready

        class RuntimeApi(BaseHTTPRequestHandler):
            """https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html"""

            def do_GET(self) -> None:
                assert self.path == f"{_API}/invocation/next", self.path
                is_ready.set()
                request_id, event, arn, deadline = events.get()
                self.send_response(200)
                self.send_header("Lambda-Runtime-Aws-Request-Id", request_id)
                self.send_header("Lambda-Runtime-Deadline-Ms", str(int(deadline * 1000)))
                self.send_header("Lambda-Runtime-Invoked-Function-Arn", arn)
                self._end(event)

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                ends.put((self.path.rpartition("/")[2], content))
                self.send_response(202)
                self._end(b"{}")

            def _end(self, body: bytes) -> None:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return RuntimeApi


def _lambdas_own(request_id: str, kind: str, said: str) -> Outcome:
    message = f"RequestId: {request_id} Error: {said}"
    content = json.dumps({"errorType": kind, "errorMessage": message})
    return Outcome(request_id, content.encode(), "Unhandled")
