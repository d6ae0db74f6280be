"""How a command ends: its exit code, and what stderr says of an error."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from glacier.cli.failures import (
    FunctionFailedError,
    failed_run,
    notes_of,
    one_line,
    print_traceback,
)
from glacier.errors import FunctionError, GlacierError, JobError, RunError, StorageError

FAILED = 1
USAGE_ERROR = 2
DIFFERENT = 2  # as `terraform plan -detailed-exitcode` says it, for which errors are 1
UNFINISHED = 2  # something is left to do, by another command or by a person
INTERRUPTED = 130  # as shells say: 128 and the number of SIGINT

_WRITES_STAY = "Writes that were committed stay; nothing else was changed."

_FAILURES = (RunError, StorageError, FunctionError, JobError, FunctionFailedError)
"""Errors of what was to be done; other ones are of how it was asked for."""

_UsageError: Any = typer.BadParameter.__base__  # typer has no name for click's

Traceback = Annotated[
    bool, typer.Option("--traceback", help="Show the whole traceback of an error.")
]


class AnsweringCommand(TyperCommand):
    """A command that answers with its exit code, of which 2 is one; usage errors exit with 1."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:  # Any: click's, as it has them
        """Return the context of the arguments, or tell what is wrong with them."""
        try:
            return super().make_context(*args, **kwargs)
        except _UsageError as error:
            error.exit_code = FAILED
            raise


@contextmanager
def errors_told(
    *, show_traceback: bool, usage_error: int = USAGE_ERROR, interrupted: str = _WRITES_STAY
) -> Iterator[None]:
    """Tell Glacier's errors on stderr and turn them into exit codes."""
    try:
        yield
    except GlacierError as error:
        if show_traceback:
            print_traceback(error)
        else:
            typer.echo(
                failed_run(error) if isinstance(error, RunError) else one_line(error), err=True
            )
            _tell_notes(error)
        raise typer.Exit(FAILED if isinstance(error, _FAILURES) else usage_error) from None
    except KeyboardInterrupt as error:
        typer.echo(f"Interrupted. {interrupted}", err=True)
        _tell_notes(error)
        raise typer.Exit(INTERRUPTED) from None


def _tell_notes(error: BaseException) -> None:
    for note in notes_of(error):
        typer.echo(note, err=True)
