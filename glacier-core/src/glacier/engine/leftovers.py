"""What runs that died have left behind: their jobs go on, and somebody has to know of them.

A run that submits jobs keeps a record of them on this machine, which it removes when all have
ended. It holds a lock for as long as it lives, so that the record of a dead run is known as one.
So is that of a run that has lost sight of a job.
"""

import json
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pydantic import ValidationError

from glacier.config.local import LocalConfig
from glacier.jobs.process import state_directory
from glacier.provider import Provider

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from glacier.config.base import Config
    from glacier.engine.result import JobRun, Run
    from glacier.resources import Executor


@dataclass(frozen=True, slots=True)
class LeftJob:
    """A job of a run that died.

    Attributes:
        run: The run's id.
        pipeline: The pipeline's name.
        job_id: The executor's id of the job.
        tasks: The calls that travelled with it.
        staging: Where its package and its data lie.
        submitted_at: When it was submitted, in UTC, as ISO 8601.
        executor_name: The executor's name.
        provider_config: The provider's config, without secrets.
        executor_config: The executor's config, without secrets; None for this machine.
    """

    run: str
    pipeline: str
    job_id: str
    tasks: tuple[str, ...]
    staging: str
    submitted_at: str
    executor_name: str
    provider_config: dict[str, Any]
    executor_config: dict[str, Any] | None

    def executor(self) -> "Executor":
        """Return the executor, to ask for the job's state, its log, or to cancel it.

        It has no secrets of the configs that the run had; the platform's own identity applies.
        """
        provider = Provider(config=_restored(self.provider_config))
        own = self.executor_config
        return provider.executor(self.executor_name, config=None if own is None else _restored(own))


class RunRecord:
    """The record of one run's jobs; the file appears with the first of them."""

    def __init__(self, run: "Run") -> None:
        self._run = run
        self._jobs: dict[str, LeftJob] = {}
        self._file: IO[str] | None = None
        self._lock = threading.Lock()

    def note(self, executor: "Executor", job: "JobRun") -> None:
        """Add a job that has just been submitted."""
        own = executor.config
        left = LeftJob(
            self._run.id,
            self._run.pipeline,
            job.job_id,
            job.tasks,
            job.staging,
            job.submitted_at.isoformat(),
            executor.name,
            _described(executor.provider.config),
            None if own is None else _described(own),
        )
        with self._lock:
            self._jobs[job.job_id] = left
            self._write()

    def close(self) -> None:
        """Remove the record; jobs that are not known to have ended stay in it, as left behind."""
        with self._lock:
            if self._file is None:
                return
            for job in self._run.jobs:
                if job.status.is_final:
                    del self._jobs[job.job_id]
            if self._jobs:
                self._write()
            else:
                Path(self._file.name).unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def _write(self) -> None:
        if self._file is None:
            directory = records_directory()
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = (directory / f"{self._run.id}.json").open("w", encoding="utf-8")
            if sys.platform != "win32":
                fcntl.flock(self._file, fcntl.LOCK_EX)
        jobs = [asdict(job) for job in self._jobs.values()]
        self._file.seek(0)
        self._file.truncate()
        json.dump({"host": socket.gethostname(), "jobs": jobs}, self._file)
        self._file.flush()


def left_behind() -> Iterator[LeftJob]:
    """Yield the jobs of runs of this machine that died before their jobs had ended."""
    for path in sorted(records_directory().glob("*.json")):
        try:
            with path.open(encoding="utf-8") as file:
                record = {} if _is_held(file) else json.load(file)
        except FileNotFoundError:  # its run has ended meanwhile
            continue
        except ValueError:  # its run died while it wrote
            continue
        is_here = record.get("host") == socket.gethostname()  # homes may be shared
        for job in record["jobs"] if is_here else ():
            yield LeftJob(**{**job, "tasks": tuple(job["tasks"])})


def forget(run: str) -> None:
    """Remove the record of a dead run."""
    (records_directory() / f"{run}.json").unlink(missing_ok=True)


def records_directory() -> Path:
    """Return where the records of runs lie."""
    return state_directory() / "runs"


def _is_held(file: IO[str]) -> bool:
    """Return whether the run that writes a record is alive."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _described(config: "Config") -> dict[str, Any]:
    kind = type(config)
    if isinstance(config, LocalConfig):  # whoever reads this may be in another directory
        config = config.model_copy(update={"base_path": Path(config.base_path).absolute()})
    return {
        "class": f"{kind.__module__}:{kind.__qualname__}",
        "fields": config.without_secrets().model_dump(mode="json", exclude_unset=True),
    }


def _restored(description: dict[str, Any]) -> Any:  # Any: a config of the kind that was described
    module, _, name = description["class"].partition(":")
    kind, fields = getattr(import_module(module), name), description["fields"]
    try:
        return kind.model_validate(fields)
    except ValidationError:  # one that is incomplete without its secrets, as it is on executors
        return kind.model_construct(**fields)
