"""When a run did what: the bodies of tasks, the settles of writes, and jobs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glacier.report.words import listed

if TYPE_CHECKING:
    from glacier.engine.result import JobRun, Run

MOST_BARS = 200
"""Bars beyond which only the longest are shown."""

_NARROWEST_PERCENT = 0.3


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing that took time.

    Attributes:
        kind: `task`, `settle` or `job`.
        label: What it was.
        started_seconds: When it began, counted from the run's start.
        duration_seconds: How long it took.
        left: Where its bar begins, in percent of the run.
        width: How wide its bar is, in percent of the run.
    """

    kind: str
    label: str
    started_seconds: float
    duration_seconds: float
    left: float
    width: float


@dataclass(frozen=True, slots=True)
class Timeline:
    """The bars of a run.

    Attributes:
        bars: The longest ones, by their start.
        left_out: How many are not shown.
        total_seconds: Where the bars end: the run's duration, or what it has reached so far.
    """

    bars: tuple[Bar, ...]
    left_out: int
    total_seconds: float


def timeline(run: "Run") -> Timeline:
    """Return what a run did, by the time at which it began."""
    spans = sorted(_spans(run), key=lambda span: -span[3])
    total = max([run.duration_seconds, *(start + took for _, _, start, took in spans)])
    bars = [
        Bar(kind, label, start, took, *_place(start, took, total))
        for kind, label, start, took in sorted(spans[:MOST_BARS], key=lambda span: span[2])
    ]
    return Timeline(tuple(bars), max(0, len(spans) - MOST_BARS), total)


def _spans(run: "Run") -> Iterator[tuple[str, str, float, float]]:
    for task in run.tasks.values():
        if task.started_seconds is not None:
            yield "task", task.name, task.started_seconds, task.duration_seconds
    for settle in run.settles:
        if not settle.executor:  # a job's clock is another one
            label = listed(dict.fromkeys(write.task for write in settle.writes))
            yield "settle", label, settle.started_seconds, settle.duration_seconds
    for job in run.jobs:
        yield "job", f"{job.executor}: {listed(job.tasks)}", _start(run, job), job.duration_seconds


def _start(run: "Run", job: "JobRun") -> float:
    """Return when a job began, within the run also where the clock was set meanwhile."""
    started = (job.submitted_at - run.started_at).total_seconds()
    latest = run.duration_seconds - job.duration_seconds
    return max(0.0, min(started, latest) if run.duration_seconds else started)


def _place(start: float, took: float, total: float) -> tuple[float, float]:
    if total <= 0:
        return 0.0, 100.0
    width = max(_NARROWEST_PERCENT, 100 * took / total)
    return min(100 * start / total, 100 - width), width
