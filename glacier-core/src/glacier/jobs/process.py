"""Jobs that are processes of this machine, each run by a command line.

A job is a directory that says everything about it: the command, the log, the status that its
runner writes, and a lock that the runner holds for as long as it lives. Hence any process that
sees the directory knows a job's state, also of a job that was killed without a chance to say so.
"""

import contextlib
import hashlib
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from glacier.adapters import LogChunk
from glacier.config.local import LocalConfig
from glacier.errors import JobError, JobNotFoundError
from glacier.job_status import JobStatus
from glacier.jobs.process_job import ProcessJob
from glacier.storage import RESERVED_PREFIX, new_token

if TYPE_CHECKING:
    from glacier.provider import Provider
    from glacier.resources import Executor

KEPT_SECONDS = 7 * 24 * 3600.0
"""How long the directory of a job that has ended stays, for its log."""

_JOB_ID = re.compile(r"[0-9a-f]{16}")
_LONGEST_NAME = 100


class ProcessJobs:
    """All jobs of one executor, in one directory.

    Args:
        directory: An absolute path; made with the first job.
        most_at_once: How many of these jobs run at a time, in whichever process they were
            started; the others are PENDING, in the order in which they came. None for all.
    """

    def __init__(self, directory: Path, *, most_at_once: int | None = None) -> None:
        if sys.platform == "win32":
            raise JobError(
                "Jobs on this machine need the file locks and process groups of Linux or macOS. "
                "Run them in WSL, or on an executor elsewhere."
            )
        self.directory = directory
        self.most_at_once = most_at_once

    def start(
        self, command: Sequence[str], environment: Mapping[str, str], *, job_id: str | None = None
    ) -> str:
        """Start a job and return its id without waiting.

        Args:
            command: A program and its arguments, run in the working directory of this process.
            environment: Variables that are added to those of this process.
            job_id: 16 hexadecimal digits, as `new_token` makes them. A job of that id that is
                there already is returned and not started again.

        Raises:
            JobError: The directory can't be made or the process can't be started.
        """
        job_id = job_id or new_token()
        self._sweep()
        try:
            ProcessJob(self.directory / job_id).start(command, environment, self.most_at_once)
        except FileExistsError:
            return self._job(job_id).directory.name
        except (OSError, ValueError) as error:  # no room, no process, a NUL in the environment
            raise JobError(
                f"The job's process can't be started in {self.directory}: {error}. Check that this "
                "directory can be made and written to, and the job's arguments and environment."
            ) from error
        return job_id

    def status(self, job_id: str) -> JobStatus:
        """Return the state of a job; one that was killed from outside is FAILED.

        Raises:
            JobNotFoundError: There is no job of that id.
        """
        return self._job(job_id).status()

    def cancel(self, job_id: str, grace_seconds: float = 5.0) -> None:
        """End a job with all processes of its group; returns when they are gone.

        They get SIGTERM first, and are killed after `grace_seconds`. A job that is still PENDING
        never starts its command.

        Raises:
            JobNotFoundError: There is no job of that id.
        """
        self._job(job_id).cancel(grace_seconds)

    def log(self, job_id: str) -> str:
        """Return what a job has printed so far; of a killed one, a last line that says so.

        Of more than 16 MiB it returns the first MiB, a line that says how many bytes were left
        out and which file has them, and the end.

        Raises:
            JobNotFoundError: There is no job of that id.
        """
        return self._job(job_id).log()

    def read_log(self, job_id: str, cursor: str = "") -> LogChunk:
        """Return what a job has printed since a cursor, at most 1 MiB of it.

        A reader who is more than 8 MiB behind gets the last MiB, after a line that says how many
        bytes were left out. No text means that there is nothing new.

        Raises:
            JobNotFoundError: There is no job of that id.
            JobError: The cursor is none.
        """
        return self._job(job_id).read_log(cursor)

    def _job(self, job_id: str) -> ProcessJob:
        # An id is a name of ours, never a path that leads elsewhere.
        if _JOB_ID.fullmatch(job_id):
            job = ProcessJob(self.directory / job_id)
            if job.exists():
                return job
        raise JobNotFoundError(
            f"There is no job {job_id!r} in {self.directory}. Use an id that submit_job of the "
            "same executor returned; jobs that ended more than 7 days ago are gone.",
            job_id=job_id,
        )

    def _sweep(self) -> None:
        """Remove the directories of jobs that ended long ago."""
        ended_before = time.time() - KEPT_SECONDS
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            for entry in list(os.scandir(self.directory)):
                if _JOB_ID.fullmatch(entry.name) and entry.stat().st_mtime < ended_before:
                    ProcessJob(Path(entry.path)).remove(ended_before)


def jobs_directory(executor: "Executor", provider: "Provider") -> Path:
    """Return the directory for an executor's jobs, another one for every executor's name.

    It lies under the base path of the `LocalConfig` at hand, the executor's own before the
    provider's; under other configs below the user's `state_directory()`. So other processes find
    the jobs.
    """
    name = _directory_name(executor.name)
    for config in (executor.config, provider.config):
        if isinstance(config, LocalConfig):
            return Path(config.base_path).absolute() / RESERVED_PREFIX / "jobs" / name
    platform = type(provider.config).__name__
    return state_directory() / "jobs" / _directory_name(f"{platform}-{name}")


def state_directory() -> Path:
    """Return where this user's jobs and runs are on record.

    That is `GLACIER_STATE`, else `glacier` below `XDG_STATE_HOME` or `~/.local/state`.
    """
    own = os.environ.get("GLACIER_STATE")
    if own:
        return Path(own).absolute()
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "glacier"


def _directory_name(name: str) -> str:
    legal = re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip(".")[:_LONGEST_NAME]
    return legal if legal == name else f"{legal}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
