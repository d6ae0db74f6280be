"""Errors as a person at a terminal wants them: what failed and why, without a traceback."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from glacier.errors import GlacierError, RunError
from glacier.pipeline import Pipeline


class FunctionFailedError(GlacierError):
    """The pipeline's own function raised something of its own, which is the cause."""


@contextmanager
def function_errors(pipeline: Pipeline[..., Any]) -> Iterator[None]:
    """Say of what the function of a pipeline raises that it comes from there.

    Raises:
        FunctionFailedError: The function raised something that isn't an error of Glacier.
    """
    try:
        yield
    except GlacierError:
        raise
    except Exception as error:
        frames = list(traceback.walk_tb(error.__traceback__))
        code = pipeline.function.__code__
        if not any(frame.f_code is code for frame, _ in frames):
            raise
        line = [n for frame, n in frames if frame.f_code.co_filename == code.co_filename][-1]
        told = f"{type(error).__name__}: {_gist(error)}" if str(error) else type(error).__name__
        raise FunctionFailedError(
            f"The function of pipeline {pipeline.name!r} failed: {told} "
            f"({shown_path(code.co_filename)}, line {line}). "
            "--traceback shows more."
        ) from error


@contextmanager
def failure_reported(path: Path | None) -> Iterator[None]:
    """Write a page about a run that fails; if that can't be done, the run's failure counts.

    Args:
        path: The page; none is written where None.
    """
    try:
        yield
    except RunError as error:
        if path is not None:
            try:
                typer.echo(f"Report: {error.run.report(path)}")
            except GlacierError as other:
                typer.echo(one_line(other), err=True)
        raise


def shown_path(path: str) -> str:
    """Return a path as seen from the working directory, if it is below that."""
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def print_traceback(error: GlacierError) -> None:
    """Print an error's traceback, which ends with what the error says."""
    own = isinstance(error, FunctionFailedError)
    traceback.print_exception((own and error.__cause__) or error)


def one_line(error: GlacierError) -> str:
    """Return what an error says, on one line."""
    return f"Error: {_gist(error)}"


def notes_of(error: BaseException) -> list[str]:
    """Return what was noted of an error on its way, such as what was deployed before it."""
    return list(getattr(error, "__notes__", ()))


def failed_run(error: RunError) -> str:
    """Return which tasks of a run failed and why, each on a line, and what was skipped."""
    run = error.run
    lines = [f"Pipeline {run.pipeline!r} failed."]
    lines += [f"  {_gist(failure)}" for failure in run.errors.values()]
    if not run.errors:
        lines.append(f"  {_gist(error.__cause__ or error)}")
    for status in ("CANCELLED", "SKIPPED"):
        names = [task.name for task in run.tasks.values() if task.status == status]
        lines += [f"  {status.lower()}: {', '.join(names)}"] if names else []
    lines += [f"  staging kept: {job.staging}" for job in run.jobs]
    return "\n".join(lines)


def _gist(error: BaseException) -> str:
    """Return an error's first line: Polars, for one, adds the whole plan below it."""
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
