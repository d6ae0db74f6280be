"""A run in a notebook."""

from typing import TYPE_CHECKING

from glacier.known_secrets import Hider
from glacier.notebook import card
from glacier.report import words

if TYPE_CHECKING:
    from glacier.engine.result import Run

MOST_TOLD = 8
"""Errors, and writes, that are told each."""


def card_of(run: "Run", counts: str) -> str:
    """Return a card about a run: how it went, what has failed, what was written.

    Args:
        run: The run.
        counts: How many of its tasks ended how.
    """
    facts = [
        ("status", run.status.capitalize()),
        ("tasks", counts),
        ("time", words.duration(run.duration_seconds)),
        ("in writes", words.duration(run.settle_seconds)),
    ]
    if run.jobs:
        executors = words.listed(dict.fromkeys(job.executor for job in run.jobs))
        facts.append(("jobs", f"{len(run.jobs):,} on {executors}"))
    failures: list[tuple[str, BaseException]] = [
        (f"failed: {name}", error) for name, error in run.errors.items()
    ]
    if run.error is not None:
        failures.append(("failed", run.error))
    errors = [(name, _first_line(error)) for name, error in failures[:MOST_TOLD]]
    written = [one for settle in run.settles for one in settle.writes if one.is_committed]
    writes = [
        ("wrote", f"{one.uri} (rows: {words.number(one.rows)}, size: {words.size(one.size_bytes)})")
        for one in written[:MOST_TOLD]
    ]
    more_errors, more_writes = _more(len(failures), "errors"), _more(len(written), "writes")
    facts += [*errors, *more_errors, *writes, *more_writes]
    return card(
        "Run of", run.pipeline, facts, note='run.report("run.html") writes a page about it.'
    )


def _more(count: int, what: str) -> list[tuple[str, str]]:
    left = count - MOST_TOLD
    return [("", f"and {left} more {what}")] if left > 0 else []


def _first_line(error: BaseException) -> str:
    # Hidden first: a secret of several lines would not be recognised by one.
    return (Hider()(str(error)).splitlines() or [type(error).__name__])[0]
