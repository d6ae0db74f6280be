"""One job of this machine: a directory that says everything about it, and a process.

The directory holds the header, the payload, the log, the status that the job's process writes,
and a lock that this process holds for as long as it lives. Hence any process that sees the
directory knows a job's state, also of a job that was killed without a chance to say so.
"""

import atexit
import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from glacier.job_status import JobStatus
from glacier.local import job_runner

if sys.platform != "win32":
    import fcntl

_LOCK = "lock"
_LOG = "output.log"
_PROCESS_ID = "pid"
_CANCELLED = "cancelled"

_LEFTOVERS_GRACE_SECONDS = 1.0
_KILL_SECONDS = 5.0
_PAUSE_SECONDS = 0.01

# This process's children, so that each is waited for once it has ended and none stays a zombie.
_children: dict[Path, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True, slots=True)
class LocalJob:
    """A job by its directory.

    Attributes:
        directory: The job's own directory, an absolute path.
    """

    directory: Path

    @classmethod
    def start(
        cls,
        directory: Path,
        header: Mapping[str, object],
        payload: bytes | None,
        environment: Mapping[str, str],
    ) -> "LocalJob":
        """Write what the job's process will read, and start it in a session of its own.

        Args:
            directory: A new directory, which only this user may enter.
            header: What to run; gets the payload's digest.
            payload: A pickled callable, or None for a script.
            environment: Variables that are added to those of this process.

        Raises:
            OSError: The directory can't be made, or the process not started.
            ValueError: The environment is not one.
        """
        reap_children()
        directory.mkdir(parents=True, mode=0o700)
        content = dict(header)
        if payload is not None:
            (directory / job_runner.PAYLOAD).write_bytes(payload)
            content["payload_sha256"] = hashlib.sha256(payload).hexdigest()
        header_bytes = json.dumps(content).encode()
        (directory / job_runner.HEADER).write_bytes(header_bytes)
        job_runner.write_status(directory, JobStatus.PENDING)
        process = _spawn(directory, hashlib.sha256(header_bytes).hexdigest(), environment)
        _children[directory] = process
        (directory / _PROCESS_ID).write_text(str(process.pid), encoding="ascii")
        return cls(directory)

    def exists(self) -> bool:
        """Return whether there is such a job."""
        return (self.directory / job_runner.STATUS).is_file()

    def status(self) -> JobStatus:
        """Return the job's state; final only when its process is gone."""
        # In this order: a status that is read first may be overtaken by the process's end.
        is_running = self._is_running()
        written = JobStatus((self.directory / job_runner.STATUS).read_text(encoding="ascii"))
        if is_running:
            return JobStatus.RUNNING if written.is_final else written
        # A job that was asked to stop may have left by `sys.exit(0)`, its work half done.
        if (self.directory / _CANCELLED).exists():
            return JobStatus.CANCELLED
        return JobStatus.SUCCEEDED if written is JobStatus.SUCCEEDED else JobStatus.FAILED

    def log(self) -> str:
        """Return what the job has printed so far; of a killed one, a last line that says so."""
        status = self.status()
        text = (self.directory / _LOG).read_text(encoding="utf-8", errors="replace")
        written = (self.directory / job_runner.STATUS).read_text(encoding="ascii")
        if status is JobStatus.FAILED and not JobStatus(written).is_final:
            text += (
                "The job's process ended without a result: it was killed (for want of memory, "
                "perhaps), it crashed, or it left through os._exit.\n"
            )
        return text

    def cancel(self, *, grace_seconds: float) -> None:
        """End the job's process and its children; those that don't end when asked are killed."""
        if not self._is_running():
            return
        (self.directory / _CANCELLED).touch()
        group = int((self.directory / _PROCESS_ID).read_text(encoding="ascii"))
        _signal_group(group, signal.SIGTERM)
        _poll(lambda: not self._is_running(), grace_seconds)
        # Its children may take a little longer. A group of which only a zombie is left, because
        # the process that submitted it hasn't waited for it yet, looks alive: hence the limit.
        _poll(lambda: not _group_exists(group), min(grace_seconds, _LEFTOVERS_GRACE_SECONDS))
        _signal_group(group, signal.SIGKILL)
        _poll(lambda: not self._is_running(), _KILL_SECONDS)

    def _is_running(self) -> bool:
        child = _children.get(self.directory)
        if child is not None:
            if child.poll() is None:
                return True
            _children.pop(self.directory, None)
        with (self.directory / _LOCK).open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False


def reap_children() -> None:
    """Wait for those of this process's jobs that have ended, without blocking."""
    for directory, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(directory, None)


@atexit.register
def _let_jobs_go_on() -> None:
    """Keep `subprocess` from warning of jobs that outlive this process: they are meant to."""
    for child in _children.values():
        if child.poll() is None:
            child.returncode = 0


def _spawn(
    directory: Path, header_sha256: str, environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    with (directory / _LOCK).open("wb") as lock, (directory / _LOG).open("wb") as log:
        # The child inherits the locked file: from here on the lock is held until it ends.
        fcntl.flock(lock, fcntl.LOCK_EX)
        return subprocess.Popen(  # noqa: S603 - the user's own code is what a job is
            [
                sys.executable,
                "-P",  # without the directory of the runner, whose siblings would hide modules
                "-u",
                job_runner.__file__,
                str(directory),
                header_sha256,
                str(lock.fileno()),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            pass_fds=[lock.fileno()],
            start_new_session=True,
        )


def _signal_group(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _group_exists(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _poll(condition: Callable[[], bool], limit_seconds: float) -> None:
    deadline = time.monotonic() + limit_seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
