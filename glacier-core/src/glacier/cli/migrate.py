"""What `glacier migrate` prints and writes, file by file."""

import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import typer

from glacier.cli.failures import shown_path
from glacier.migrate import FileResult, Finding, find_files, migrate_file, write_file


@dataclass(slots=True)
class Tally:
    """How far a migration got.

    Attributes:
        files: How many files were looked at.
        changed: How many were written, or would be.
        findings: How many places only a person can decide.
        errors: How many files could not be read or written.
    """

    files: int = 0
    changed: int = 0
    findings: int = 0
    errors: int = 0


def migrate_paths(
    paths: Iterable[Path], *, shows_diff: bool, writes: bool, show_traceback: bool = False
) -> Tally:
    """Migrate files, tell of each, and return how far it got.

    Args:
        paths: Files and folders.
        shows_diff: Whether to print what changes.
        writes: Whether to write it.
        show_traceback: Whether to show where a migration itself failed.

    Raises:
        PathError: One of the paths is not there.
    """
    tally = Tally()
    for path in find_files(paths):
        tally.files += 1
        result = migrate_file(path)
        if shows_diff:
            typer.echo(result.diff(), nl=False)
        if result.migration.is_changed:
            _change(result, tally, writes=writes)
            if writes:
                result = migrate_file(path)  # findings count in what the file holds now
        if show_traceback and result.failure is not None:
            traceback.print_exception(result.failure)
        _tell(result, tally)
    return tally


def summary(tally: Tally, *, writes: bool) -> str:
    """Return what a migration comes to, as sentences."""
    looked_at = f"{_count(tally.files, 'file')} looked at"
    if tally.changed or tally.errors:
        said = [f"{looked_at}, {tally.changed} {'migrated' if writes else 'would change'}."]
    else:
        said = [f"{looked_at}, nothing to migrate."]
    if tally.changed and not writes:
        said.append("Nothing was written: --write does that.")
    if tally.findings:
        said.append(f"{_count(tally.findings, 'place')} left for you to decide.")
    if tally.errors:
        said.append(f"{_count(tally.errors, 'error')}.")
    return " ".join(said)


def _change(result: FileResult, tally: Tally, *, writes: bool) -> None:
    if writes:
        try:
            write_file(result)
        except OSError as error:
            tally.errors += 1
            typer.echo(f"{shown_path(str(result.path))}: not written: {error.strerror}.", err=True)
            return
        typer.echo(f"migrated {shown_path(str(result.path))}")
    tally.changed += 1


def _tell(result: FileResult, tally: Tally) -> None:
    error = result.migration.error
    if error is not None:
        tally.errors += 1
        _say(result, error)
    for finding in result.migration.findings:
        tally.findings += 1
        _say(result, finding)


def _say(result: FileResult, finding: Finding) -> None:
    typer.echo(f"{shown_path(str(result.path))}:{finding}", err=True)


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
