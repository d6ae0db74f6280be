"""Errors as a person at a terminal wants them: what failed and why, without a traceback."""

from glacier.errors import GlacierError, RunError


def one_line(error: GlacierError) -> str:
    """Return what an error says, on one line."""
    return f"Error: {_gist(error)}"


def failed_run(error: RunError) -> str:
    """Return which tasks of a run failed and why, each on a line, and what was skipped."""
    run = error.run
    lines = [f"Pipeline {run.pipeline!r} failed."]
    lines += [f"  {_gist(failure)}" for failure in run.errors.values()]
    if not run.errors:
        lines.append(f"  {_gist(error.__cause__ or error)}")
    skipped = [task.name for task in run.tasks.values() if task.status == "SKIPPED"]
    if skipped:
        lines.append(f"  skipped: {', '.join(skipped)}")
    return "\n".join(lines)


def _gist(error: BaseException) -> str:
    """Return an error's first line: Polars, for one, adds the whole plan below it."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
