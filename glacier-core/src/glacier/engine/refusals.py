"""The errors of what would read new data through an old plan, or go on after its end."""

from collections.abc import Sequence

from glacier.engine.attempt import Attempt
from glacier.errors import PipelineError, StaleScanError


def over(attempt: Attempt) -> PipelineError:
    """Return the error for a body that goes on after it was given up."""
    return PipelineError(
        f"Task {attempt.call.name!r} is over (it returned, failed or timed out) and "
        "can't use buckets any more. Wait for a task's own threads inside the task."
    )


def stale(by: Attempt, places: Sequence[str]) -> StaleScanError:
    """Return the error for a body that holds a frame of what would be replaced for it."""
    held = sorted({place for place in places if by.holds([place])})
    return StaleScanError(
        f"Task {by.call.name!r} looks at a place whose pending write must be committed first, "
        f"while it holds a frame scanned earlier from {', '.join(held)}: that frame would "
        "silently read the new data. Use the frame that was written instead of scanning again, "
        "or do the second scan in a task of its own, with depends_on= the task that writes."
    )


def waiting_in_a_circle(by: Attempt, holders: Sequence[Attempt]) -> StaleScanError:
    """Return the error for bodies that would wait for one another without an end."""
    names = ", ".join(sorted(repr(one.call.name) for one in holders))
    return StaleScanError(
        f"Task {by.call.name!r} would wait for {names} to end, since it holds a frame of a place "
        f"that is to be replaced first, and that waits for {by.call.name!r} in the same way. Say "
        "with depends_on= which of them comes first."
    )


def replaced_by_job(places: Sequence[str], where: str) -> StaleScanError:
    """Return the error for what would read places that a job on an executor has replaced."""
    return StaleScanError(
        f"{', '.join(places)} was replaced by a job on {where}. Scan it again in a task that "
        "depends on the one that writes, or use persist=True on the task that scans."
    )
