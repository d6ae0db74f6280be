"""Making staged files visible on a disk, in one step each."""

import os
from collections.abc import Iterable
from pathlib import Path

from glacier.errors import ObjectExistsError, PathError
from glacier.local.swap import exchange


def replace_file(staged: Path, target: Path, *, is_exclusive: bool) -> None:
    """Put a file in the place of another, or of none.

    Args:
        staged: The file; gone afterwards unless `is_exclusive`.
        target: Where it is to be.
        is_exclusive: Whether the target has to be free.

    Raises:
        ObjectExistsError: The target has to be free and is not.
        PathError: A directory is in the target's place.
    """
    _make_directory(target.parent)
    if target.is_dir():
        raise PathError(
            f"{str(target)!r} is a directory. End the path in '/' to replace the dataset in it."
        )
    if not is_exclusive:
        staged.replace(target)
        return
    try:
        target.hardlink_to(staged)  # unlike a rename, refuses to replace
    except FileExistsError as error:
        raise _exists(target) from error


def replace_directory(staged: Path, target: Path, *, is_exclusive: bool) -> None:
    """Put a directory in the place of another, or of none.

    Args:
        staged: The directory; afterwards what the target was, if anything.
        target: Where it is to be.
        is_exclusive: Whether the target has to be free; an empty directory is.

    Raises:
        ObjectExistsError: The target has to be free and is not.
        PathError: A file is in the target's place.
    """
    _make_directory(target.parent)
    if target.is_file():
        raise PathError(
            f"{str(target)!r} is a file. Leave the trailing '/' out of the path to replace it."
        )
    try:
        staged.rename(target)  # succeeds only if the target is missing or empty
    except OSError as error:
        if not target.is_dir():
            raise
        if is_exclusive:
            raise _exists(target) from error
        exchange(staged, target)


def add_files(files: Iterable[str], staged: Path, target: Path) -> None:
    """Add staged files to a dataset under their own names; all of them, or none if one fails.

    Args:
        files: The files, below `staged`, with names that no other attempt uses.
        staged: The directory that stands for the dataset's.
        target: The dataset's directory, made if it is missing.

    Raises:
        PathError: A file is in the place of a directory.
    """
    _make_directory(target)
    added: list[Path] = []
    try:
        for file in files:
            place = target / Path(file).relative_to(staged)
            _make_directory(place.parent)
            place.hardlink_to(file)
            added.append(place)
    except OSError:
        for place in added:
            place.unlink(missing_ok=True)
        raise


def _make_directory(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise PathError(
            f"The directory {str(directory)!r} can't be made, since a file is in its place or "
            "above it. Choose another path, or move the file."
        ) from error


def _exists(target: Path) -> ObjectExistsError:
    return ObjectExistsError(
        f"{os.fspath(target)!r} already holds data, and mode='error' refuses to replace it. Use "
        "mode='overwrite' or 'ignore'."
    )
