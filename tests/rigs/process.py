"""A rig's server as a process: it says its port, and ends with its standard input."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
GRACE_SECONDS = 10


class RigProcess:
    """A process that serves one rig on a free port; a context manager.

    Args:
        module: What it runs; prints its port, and answers `/rig/requests`.
        log: The file that its errors go to.
        environment: All variables that it has.

    Attributes:
        endpoint: Its address.
    """

    def __init__(self, module: str, log: Path, environment: Mapping[str, str]) -> None:
        self._log = log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"{module} did not start; see {log}"
        self.endpoint = f"http://127.0.0.1:{int(line)}"

    def requests(self, *, forget: bool = False) -> list[dict[str, str]]:
        """Return what was asked, in order; afterwards it may be forgotten."""
        request = Request(f"{self.endpoint}/rig/requests", method="DELETE" if forget else "GET")
        with urlopen(request) as answer:
            found: list[dict[str, str]] = json.loads(answer.read())
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._log.close()


def without(*prefixes: str) -> dict[str, str]:
    """Return this process's variables but for those of a platform."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
