"""A job as a process: it is ended with all that it started, at the latest with the rig."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

GRACE_SECONDS = 2.0
KEPT = ("PATH", "JAVA_HOME", "LANG")
"""What a job has of this machine's variables."""

# Ends the job with the process of the rig: Linux' PR_SET_PDEATHSIG, kept by exec.
_TIED = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
os.execv(sys.argv[1], sys.argv[1:])
"""


class JobProcess:
    """One process, which may be stopped before it has started.

    Args:
        say: Takes what it prints, line by line, with the stream that it was printed to.

    Attributes:
        is_stopped: Whether somebody has ended it.
    """

    def __init__(self, say: Callable[[str, str], None]) -> None:
        self.is_stopped = False
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def run(
        self,
        command: Sequence[str],
        cwd: Path,
        environment: Mapping[str, str],
        started: Callable[[], None],
        timeout_seconds: float | None = None,
    ) -> int | None:
        """Run to the end and return the exit code; None where it took too long."""
        with self._lock:
            if self.is_stopped:
                return -signal.SIGTERM
            self._process = process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _TIED, *command],
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        started()
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            threading.Thread(target=self._tell, args=("stdout", process.stdout)),
            threading.Thread(target=self._tell, args=("stderr", process.stderr)),
        ]
        for reader in readers:
            reader.start()
        code: int | None
        try:
            code = process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            is_late = not self.is_stopped
            self.stop()
            code = process.wait()
            code = None if is_late else code
        for reader in readers:
            reader.join()
        return code

    def stop(self) -> None:
        """End the process, and all that it has started."""
        with self._lock:
            self.is_stopped = True
            process = self._process
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process is None or process.poll() is not None:
                return
            try:
                os.killpg(process.pid, number)
                process.wait(GRACE_SECONDS)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue

    def _tell(self, stream: str, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                self._say(stream, line.decode(errors="replace").rstrip("\n"))
