"""One process of a function app, which sees the app's files, what was installed for it, no more."""

import json
import os
import signal
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

HOST = Path(__file__).with_name("function_host.py")
START_SECONDS = 60.0


class ProcessEndedError(Exception):
    """The process died, or was killed since it took too long."""


class FunctionProcess:
    """A process that is kept for the next call.

    Args:
        app: The directory of the app's files.
        image: That of what was installed for it.
        environment: Its variables.
        log: Where it prints to.
    """

    def __init__(self, app: Path, image: Path, environment: dict[str, str], log: Path) -> None:
        ours, theirs = socket.socketpair()
        with log.open("ab") as file:
            # -S, -P: no modules but those of the directories that PYTHONPATH names.
            self._process = subprocess.Popen(
                [sys.executable, "-S", "-P", str(HOST), str(theirs.fileno())],
                cwd=app,
                env={
                    "PATH": os.defpath,
                    "HOME": str(app.parent),
                    "PYTHONPATH": f"{app}{os.pathsep}{image}",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        theirs.close()
        self._connection = Connection(ours.detach())

    def functions(self) -> dict[str, Any]:
        """Return the app's functions, or why it can't be loaded."""
        return self._told(START_SECONDS)

    def call(self, asked: dict[str, Any], timeout_seconds: float) -> dict[str, Any]:
        """Return what a function answers.

        Raises:
            ProcessEndedError: It took too long, or the process died.
        """
        self._connection.send_bytes(json.dumps(asked).encode())
        return self._told(timeout_seconds)

    def close(self) -> None:
        """End the process with all that it has started."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._connection.close()

    def _told(self, timeout_seconds: float) -> dict[str, Any]:
        try:
            if self._connection.poll(timeout_seconds):
                found: dict[str, Any] = json.loads(self._connection.recv_bytes())
                return found
        except (EOFError, ConnectionResetError):
            pass
        self.close()
        raise ProcessEndedError
