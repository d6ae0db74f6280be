"""One job of this machine: its directory, and the runner that works in it."""

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from glacier.adapters import LogChunk
from glacier.job_status import JobStatus
from glacier.jobs import process_runner
from glacier.jobs.process_log import read_all, read_piece

if sys.platform != "win32":
    import fcntl

_LOCK = "lock"
_LOG = "output.log"
_PROCESS_ID = "pid"

_KILL_SECONDS = 5.0
_PAUSE_SECONDS = 0.01
_KILLED = "The job ended without a result: it was killed together with its runner.\n"

# This process's children, so that each is waited for once it has ended and none stays a zombie.
_children: dict[Path, subprocess.Popen[bytes]] = {}

# The locks that this process has open, which is while it starts a job.
_locks: set[int] = set()


@dataclass(frozen=True, slots=True)
class ProcessJob:
    """A job by its directory.

    Attributes:
        directory: The job's own directory, an absolute path.
    """

    directory: Path

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], most_at_once: int | None
    ) -> None:
        """Write what the runner will read, and start it in a session of its own.

        Raises:
            FileExistsError: There is such a job already.
            OSError: The directory can't be made, or the process not started.
            ValueError: An argument or the environment has a NUL in it.
        """
        _reap_children()
        if any("\0" in argument for argument in command):
            raise ValueError("an argument has a NUL byte in it")
        self.directory.mkdir(parents=True, mode=0o700)
        try:
            job = {"command": list(command), "most_at_once": most_at_once}
            (self.directory / process_runner.JOB).write_text(json.dumps(job), encoding="ascii")
            _children[self.directory] = process = self._spawn(environment)
        except BaseException:
            shutil.rmtree(self.directory, ignore_errors=True)
            raise
        draft = self.directory / f"{_PROCESS_ID}.draft"
        draft.write_text(str(process.pid), encoding="ascii")
        draft.replace(self.directory / _PROCESS_ID)

    def exists(self) -> bool:
        """Return whether there is such a job."""
        return (self.directory / process_runner.STATUS).is_file()

    def status(self) -> JobStatus:
        """Return the job's state; final only when its runner is gone."""
        # In this order: a status that is read first may be overtaken by the runner's end.
        is_running = self._is_running()
        written = self._written_status()
        if is_running:
            return JobStatus.RUNNING if written.is_final else written
        # A job that was asked to stop may have left by `sys.exit(0)`, its work half done.
        if (self.directory / process_runner.CANCELLED).exists():
            return JobStatus.CANCELLED
        return JobStatus.SUCCEEDED if written is JobStatus.SUCCEEDED else JobStatus.FAILED

    def log(self) -> str:
        """Return what the job has printed so far; of a killed one, a last line that says so."""
        closing = self._closing(self.status())
        return read_all(self.directory / _LOG) + closing

    def read_log(self, cursor: str) -> LogChunk:
        """Return what the job has printed since a cursor."""
        status = self.status()
        return read_piece(
            self.directory / _LOG,
            cursor,
            is_ended=status.is_final,
            closing=self._closing(status),
        )

    def cancel(self, grace_seconds: float) -> None:
        """End the job's processes; those that don't end when asked are killed."""
        if not self._is_running():
            return
        draft = self.directory / f"{process_runner.CANCELLED}.draft"
        draft.write_text(str(grace_seconds), encoding="ascii")
        draft.replace(self.directory / process_runner.CANCELLED)
        self._signal_runner(signal.SIGTERM)
        _poll(lambda: not self._is_running(), grace_seconds + _KILL_SECONDS)
        if self._is_running():
            self._signal_runner(signal.SIGKILL)
            _poll(lambda: not self._is_running(), _KILL_SECONDS)

    def remove(self, ended_before: float) -> None:
        """Remove the job's directory if it ended, and last printed, before a time."""
        with contextlib.suppress(FileNotFoundError):
            if (self.directory / _LOG).stat().st_mtime < ended_before and not self._is_running():
                (self.directory / process_runner.STATUS).unlink()
                shutil.rmtree(self.directory, ignore_errors=True)

    def _closing(self, status: JobStatus) -> str:
        is_killed = status is JobStatus.FAILED and not self._written_status().is_final
        return _KILLED if is_killed else ""

    def _written_status(self) -> JobStatus:
        text = (self.directory / process_runner.STATUS).read_text(encoding="ascii")
        return JobStatus(text)

    def _signal_runner(self, number: signal.Signals) -> None:
        process_id = self.directory / _PROCESS_ID
        _poll(process_id.exists, _KILL_SECONDS)  # it may be about to be started
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(process_id.read_text(encoding="ascii")), number)

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

    def _spawn(self, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
        with _opened_lock(self.directory) as lock, (self.directory / _LOG).open("ab") as log:
            # The runner inherits the locked file: from here on the lock is held until it ends.
            fcntl.flock(lock, fcntl.LOCK_EX)
            process_runner.write_status(self.directory, JobStatus.PENDING)
            return subprocess.Popen(  # noqa: S603 - this interpreter and a file of ours
                [
                    sys.executable,
                    *("-I", "-S", "-u", "-X", "utf8"),
                    process_runner.__file__,
                    str(self.directory),
                    str(lock.fileno()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **environment},
                pass_fds=[lock.fileno()],
                start_new_session=True,
            )


@contextlib.contextmanager
def _opened_lock(directory: Path) -> Iterator[BinaryIO]:
    """Open a new lock; a fork of this process that another thread makes meanwhile closes it."""
    with (directory / _LOCK).open("wb") as lock:
        _locks.add(lock.fileno())
        try:
            yield lock
        finally:
            _locks.discard(lock.fileno())


def _reap_children() -> None:
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


def _disown_jobs() -> None:
    """Let go, in a fork of this process, of children and locks that are not its own."""
    for descriptor in _locks:
        os.close(descriptor)
    _locks.clear()
    for child in _children.values():
        child.returncode = 0
    _children.clear()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_disown_jobs)


def _poll(condition: Callable[[], bool], limit_seconds: float) -> None:
    deadline = time.monotonic() + limit_seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(_PAUSE_SECONDS)
