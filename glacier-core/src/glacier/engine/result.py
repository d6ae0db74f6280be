"""What a run leaves behind: its status, its tasks, its result."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from glacier.engine.settled import SettleRun
from glacier.job_status import JobStatus
from glacier.pipeline.graph import Call
from glacier.storage import new_token


class TaskStatus(StrEnum):
    """The state of one call of a task."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    WRITING = "WRITING"
    """The body is done; its writes are not yet committed."""
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    """Its job was stopped, or not begun, since another task had failed."""
    SKIPPED = "SKIPPED"
    """Something it depends on failed, was cancelled or was skipped."""


class RunStatus(StrEnum):
    """The state of a run."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(slots=True, eq=False)
class TaskRun:
    """What became of one call of a task.

    Attributes:
        name: The call's name: the task's, with `#2` and so on for later calls.
        status: Its state.
        attempts: How often its body was started.
        duration_seconds: How long its body took, over all attempts; without its writes, which
            are executed together with those of other tasks (`Run.settle_seconds`).
        error: Why it failed, or why it was skipped.
        reads: The URIs that its body scanned or read, in order.
        writes: The URIs that it wrote, in order.
        rows_read: The URIs that its body has read as a whole, each with its rows. What a scan
            reads is decided, and not counted, by the queries that it becomes part of.
        started_seconds: When its body was started first, counted from the run's start; None if it
            was not, or if a job did it.
    """

    name: str
    status: TaskStatus = TaskStatus.PENDING
    attempts: int = 0
    duration_seconds: float = 0.0
    error: Exception | None = None
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    rows_read: tuple[tuple[str, int], ...] = ()
    started_seconds: float | None = None


@dataclass(slots=True, eq=False)
class JobRun:
    """One job that a run has submitted.

    Attributes:
        job_id: The executor's id of it.
        executor: The executor's name.
        tasks: The names of the calls that travelled together.
        staging: The URI below which its package and its data lie, or lay.
        status: Its last known state.
        submitted_at: When it was submitted, in UTC.
        duration_seconds: How long it took, from its submission to its end.
        log: The end of what it has printed, at most 64 KiB.
    """

    job_id: str
    executor: str
    tasks: tuple[str, ...]
    staging: str
    status: JobStatus = JobStatus.PENDING
    submitted_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    duration_seconds: float = 0.0
    log: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Outline:
    """The graph of a run without values, so that it keeps no data alive.

    Attributes:
        names: The names of all calls; those that are no tasks gather others, or are frames that
            the pipeline's own function has scanned.
        data: For each call the indexes of those whose results it was given.
        after: For each call the indexes of others that came first.
    """

    names: Sequence[str] = ()
    data: Sequence[tuple[int, ...]] = ()
    after: Sequence[tuple[int, ...]] = ()

    @classmethod
    def of(cls, calls: Sequence[Call]) -> "Outline":
        """Return the outline of a graph."""
        return cls(
            [call.name for call in calls],
            [call.data for call in calls],
            [call.after for call in calls],
        )


@dataclass(slots=True, eq=False)
class Run:
    """One run of a pipeline; a context manager that removes temporary files at its end.

    Attributes:
        pipeline: The pipeline's name.
        status: The run's state.
        tasks: What became of every call, by its name, in the order of the graph.
        jobs: Every job that was submitted, in that order.
        error: Why it failed where no task has: it was interrupted, or a frame that was needed
            later could not be kept.
        settles: Every settle of writes, in order; those of jobs after the jobs' ends.
        result: What the pipeline's function returned, with values for handles. Lazy frames
            stay lazy; they may scan temporary files, which stay until `close()` or the end of
            the process, or staging, which holds them until `close()`.
        started_at: When it began, in UTC.
        duration_seconds: How long it took as a whole.
        settle_seconds: How much of that went into executing and committing writes.
        id: Its own name, which no other run has.
        outline: What each call needed of others.
    """

    pipeline: str
    status: RunStatus = RunStatus.RUNNING
    tasks: dict[str, TaskRun] = field(default_factory=dict)
    jobs: list[JobRun] = field(default_factory=list)
    error: BaseException | None = None
    settles: list[SettleRun] = field(default_factory=list)
    result: Any = None  # Any: whatever the user's function returns
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    duration_seconds: float = 0.0
    settle_seconds: float = 0.0
    id: str = field(default_factory=new_token)
    outline: Outline = field(default_factory=Outline, repr=False)
    _on_close: list[Callable[[], None]] = field(default_factory=list, repr=False)

    @property
    def errors(self) -> dict[str, Exception]:
        """The errors of the failed tasks, by the name of their call."""
        return {
            name: task.error
            for name, task in self.tasks.items()
            if task.status is TaskStatus.FAILED and task.error is not None
        }

    def count(self, status: TaskStatus) -> int:
        """Return how many calls are in a state."""
        return sum(task.status is status for task in self.tasks.values())

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write a page about this run that a browser shows, and return its path.

        One file of HTML, which loads nothing: the graph, a timeline, what was read and written, the
        plans of the queries, and errors with their traces. It holds no secret of any config.

        Args:
            path: The file; replaced where there is one. Directories are made.

        Raises:
            PathError: The file can't be written, or a directory or a device has its place.
        """
        from glacier.report.page import write_report

        return write_report(self, path)

    def close(self) -> None:
        """Remove the temporary and staged files that the result still scans; may be repeated."""
        while self._on_close:
            self._on_close.pop()()

    def on_close(self, action: Callable[[], None]) -> None:
        """Have something done when the run is closed."""
        self._on_close.append(action)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Run of {self.pipeline!r}: {self.status}, {self._counts()}>"

    def _repr_html_(self) -> str:
        """Return a card for notebooks: how it went, what has failed, what was written."""
        from glacier.report.card import card_of

        return card_of(self, self._counts())

    def _counts(self) -> str:
        counts = {status: self.count(status) for status in TaskStatus}
        told = ", ".join(
            f"{number} {status.lower()}" for status, number in counts.items() if number
        )
        return told or "no tasks"
