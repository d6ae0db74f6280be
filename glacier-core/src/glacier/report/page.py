"""The page about a run: its facts, gathered for the template, which only arranges them."""

import base64
import hashlib
import os
import traceback
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import polars as pl
from markupsafe import Markup

from glacier.engine.result import TaskStatus
from glacier.errors import PathError, TaskError
from glacier.known_secrets import Hider
from glacier.report import words
from glacier.report.graph import Drawing, drawn
from glacier.report.timeline import timeline
from glacier.whole_files import why, write_whole

if TYPE_CHECKING:
    from glacier.engine.result import Run, TaskRun
    from glacier.engine.settled import QueryRun, SettleRun

MOST_TASKS = 2000
"""Rows of the table of tasks; what has failed comes first where there are more."""
MOST_PROBLEMS = 200
"""Tasks whose errors are told each."""
MOST_TOLD = 2000
"""Writes, and reads, in their tables."""
MOST_QUERIES = 200
"""Queries whose plans are shown; the longest where there are more."""
LONGEST_TRACE_CHARACTERS = 20_000

_MARKS = {
    "SUCCEEDED": "✓",
    "FAILED": "✕",
    "SKIPPED": "»",
    "CANCELLED": "○",
    "RUNNING": "…",
    "WRITING": "…",
    "PENDING": "·",
}


@dataclass(frozen=True, slots=True)
class Need:
    """What a task needed.

    Attributes:
        name: The name of the other call.
        anchor: The id of its row in the page; empty where it has none.
        is_data: Whether its result was needed, and not only that it came first.
    """

    name: str
    anchor: str
    is_data: bool


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task in the table.

    Attributes:
        anchor: The row's id in the page.
        task: The task.
        job: The executor whose job it was part of; empty for this process.
        needs: What it needed.
    """

    anchor: str
    task: "TaskRun"
    job: str
    needs: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """An error on the page.

    Attributes:
        task: The task that failed; empty where it was the run.
        culprit: The task to blame, where it is another one and `what` doesn't name it.
        what: What the error says, but for what follows its first line.
        trace: All that is known of it.
    """

    task: str
    culprit: str
    what: str
    trace: str


def write_report(run: "Run", path: str | os.PathLike[str]) -> Path:
    """Write the page about a run and return its path; `Run.report` has the contract."""
    target, html = Path(path), html_of(run)
    try:
        # What is no Unicode, as in the name of a file, is shown by its escape.
        write_whole(
            target,
            lambda draft: draft.write_text(html, encoding="utf-8", errors="backslashreplace"),
        )
    except (OSError, ValueError) as error:  # ValueError: of a path that holds a null character
        raise PathError(
            f"The report can't be written to {str(target)!r}: {why(error, target)}. Name a file "
            "in a directory that can be written to.",
            path=str(target),
        ) from error
    return target


def html_of(run: "Run") -> str:
    """Return the page about a run."""
    hide = Hider()
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("glacier.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # The one way by which anything gets into the page.
        finalize=lambda value: value if type(value) is Markup else hide(str(value)),
    )
    environment.filters |= {
        "duration": words.duration,
        "size": words.size,
        "number": words.number,
        "counted": words.counted,
        "listed": words.listed,
    }
    style, script = _packaged("run.css"), _packaged("run.js")
    return environment.get_template("run.html").render(
        **_facts(run, hide), style=style, script=script, policy=_policy(style, script)
    )


def _facts(run: "Run", hide: Hider) -> dict[str, Any]:  # Any: what a template is given
    writes = [write for settle in run.settles for write in settle.writes]
    reads = _reads(run)
    tasks, left_out = _told_tasks(run)
    settles = _settles(run)
    return {
        "run": run,
        "marks": _MARKS,
        "counts": [(one, run.count(one)) for one in TaskStatus if run.count(one)],
        "versions": _versions(),
        "problems": _problems(run, hide),
        "rows": _task_rows(run, tasks),
        "left_out": left_out,
        "drawing": _drawing(run, hide),
        "timeline": timeline(run),
        "reads": reads[:MOST_TOLD],
        "writes": writes[:MOST_TOLD],
        "settles": settles,
        "more": {
            "reads": len(reads) - MOST_TOLD,
            "writes": len(writes) - MOST_TOLD,
            "settles": len(run.settles) - len(settles),
            "problems": len(run.errors) - MOST_PROBLEMS,
        },
    }


def _packaged(name: str) -> Markup:
    """Return a file of this package as it is, for it is no data."""
    return Markup((files("glacier.report") / "templates" / name).read_text(encoding="utf-8"))  # noqa: S704


def _policy(style: str, script: str) -> str:
    """Return the policy by which the page loads nothing, and runs nothing but its own script."""
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    ]
    return (
        f"default-src 'none'; style-src 'sha256-{digests[0]}'; script-src 'sha256-{digests[1]}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _versions() -> str:
    return f"Glacier {version('glacier-core')}, Polars {pl.__version__}"


def _reads(run: "Run") -> list[tuple["TaskRun", str, int | None]]:
    """Return each place that a task has read, with its rows where they are known."""
    told = []
    for task in run.tasks.values():
        rows = dict(task.rows_read)
        told += [(task, uri, rows.get(uri)) for uri in dict.fromkeys(task.reads)]
    return told


def _told_tasks(run: "Run") -> tuple[list[str], list[TaskStatus]]:
    """Return the names of up to `MOST_TASKS` tasks, and what became of the others."""
    shown = list(run.tasks.values())
    if len(shown) > MOST_TASKS:
        last = {TaskStatus.FAILED: 0, TaskStatus.SUCCEEDED: 2}
        shown.sort(key=lambda task: last.get(task.status, 1))
    return [task.name for task in shown[:MOST_TASKS]], [task.status for task in shown[MOST_TASKS:]]


def _task_rows(run: "Run", tasks: list[str]) -> list[TaskRow]:
    """Return the rows of the table for some tasks."""
    anchors = {name: f"task-{at}" for at, name in enumerate(tasks)}
    job_of = {name: job.executor for job in run.jobs for name in job.tasks}
    names = run.outline.names
    needs = {
        name: tuple(
            Need(names[i], anchors.get(names[i], ""), i in data)
            for i in dict.fromkeys((*data, *after))
        )
        for name, data, after in zip(names, run.outline.data, run.outline.after, strict=True)
        if name in anchors
    }
    return [
        TaskRow(anchor, run.tasks[name], job_of.get(name, ""), needs.get(name, ()))
        for name, anchor in anchors.items()
    ]


def _settles(run: "Run") -> list[tuple[int, "SettleRun", list["QueryRun"]]]:
    """Return the settles with their numbers and their queries, of which the longest are told."""
    queries = [query for settle in run.settles for query in settle.queries]
    queries.sort(key=lambda query: -query.duration_seconds)
    told = {id(query) for query in queries[:MOST_QUERIES]}
    return [
        (number, settle, [query for query in settle.queries if id(query) in told])
        for number, settle in enumerate(run.settles, start=1)
        if not settle.queries or any(id(query) in told for query in settle.queries)
    ]


def _drawing(run: "Run", hide: Hider) -> Drawing | None:
    # Hidden before they are cut short, since half of a secret would not be recognised.
    names = run.outline.names
    is_gathering = (
        not data and len(after) > 0 and name not in run.tasks
        for name, data, after in zip(names, run.outline.data, run.outline.after, strict=True)
    )
    joints = frozenset(at for at, joint in enumerate(is_gathering) if joint)
    return drawn(run.outline, [hide(name) for name in names], joints)


def _problems(run: "Run", hide: Hider) -> list[Problem]:
    failed = islice(run.errors.items(), MOST_PROBLEMS)
    told = [_problem(name, error, hide) for name, error in failed]
    return told if run.error is None else [*told, _problem("", run.error, hide)]


def _problem(name: str, error: BaseException, hide: Hider) -> Problem:
    culprit = error.culprit if isinstance(error, TaskError) else ""
    # Hidden before anything is left out, as the names in the drawing are.
    what = hide(str(error)).splitlines() or [type(error).__name__]
    trace = hide("".join(traceback.format_exception(error)))
    is_told = culprit == name or repr(culprit) in what[0]
    return Problem(name, "" if is_told else culprit, what[0], _shortened(trace))


def _shortened(text: str) -> str:
    """Return a text without its middle, if it is too long."""
    if len(text) <= LONGEST_TRACE_CHARACTERS:
        return text
    half = LONGEST_TRACE_CHARACTERS // 2
    return f"{text[:half]}\n[... {len(text) - 2 * half} characters left out ...]\n{text[-half:]}"
