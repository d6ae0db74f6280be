"""One instance of a function: Google's own functions-framework on the source that was deployed."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

START_SECONDS = 60.0
_PASSED_ON = {"x-glacier", "content-type"}


class InstanceError(Exception):
    """It ended, or does not listen."""


class FunctionInstance:
    """A process, with one of its own that does the work; it sees what was installed, and no more.

    Args:
        source: The directory of the function's files.
        image: That of what was installed for it.
        entry_point: What is called in `main.py`.
        environment: Its variables.
        log: Where it prints to.
    """

    def __init__(
        self, source: Path, image: Path, entry_point: str, environment: dict[str, str], log: Path
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        # -S, -P: no modules but those of the directories that PYTHONPATH names.
        command = [sys.executable, "-S", "-P", "-m", "functions_framework"]
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [*command, "--target", entry_point, "--source", "main.py", "--host", "127.0.0.1"],
                cwd=source,
                env={
                    "PATH": os.defpath,
                    "HOME": str(source.parent),
                    "PYTHONPATH": str(image),
                    "PYTHONDONTWRITEBYTECODE": "1",
                    "PORT": str(self._port),
                    **environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait()

    def call(
        self, method: str, body: bytes, headers: dict[str, str], timeout_seconds: float
    ) -> tuple[int, dict[str, str], bytes]:
        """Return the status, the headers and the body of an answer.

        Raises:
            TimeoutError: None came in time.
            InstanceError: None came at all.
        """
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=timeout_seconds)
        try:
            connection.request(method, "/", body, headers)
            answer = connection.getresponse()
            found = {k: v for k, v in answer.getheaders() if k.lower() in _PASSED_ON}
            return answer.status, found, answer.read()
        except TimeoutError:
            raise
        except (http.client.HTTPException, OSError) as error:
            raise InstanceError from error
        finally:
            connection.close()

    def close(self) -> None:
        """End the process with all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self._port), 1).close()
                return
            time.sleep(0.02)
        self.close()
        raise InstanceError
