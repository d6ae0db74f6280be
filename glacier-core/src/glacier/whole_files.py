"""Files that programs write for people: each whole, or left as it was."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from glacier.storage import new_token


def write_whole(target: Path, write: Callable[[Path], object]) -> None:
    """Put a file into its place once it is whole; directories on the way to it are made.

    Where the target is a symlink, the file that it leads to is replaced, and the link stays.

    Args:
        target: The file.
        write: Writes it to the path that it is given.

    Raises:
        OSError: It can't be written; `why` tells it in words. What is no regular file, such as
            `/dev/null`, is never replaced by one.
        ValueError: The path holds a null character.
    """
    place = Path(os.path.realpath(target))
    if place.exists() and not place.is_file():
        what = "a directory" if place.is_dir() else "a device or a pipe"
        raise OSError(errno.EINVAL, f"it is {what} and not a file")
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = place.with_name(f".{place.name}.{new_token()}")
    try:
        write(draft)
        draft.replace(place)
    finally:
        draft.unlink(missing_ok=True)


def why(error: OSError | ValueError, target: Path) -> str:
    """Return why a file or a directory can't be written, as half a sentence.

    Args:
        error: What was raised.
        target: What was to be written.
    """
    if isinstance(error, FileExistsError | NotADirectoryError):
        obstacle = _in_the_way_of(target)
        if obstacle is not None:
            is_file = obstacle.exists()
            what = "a file and not a directory" if is_file else "a symlink that leads nowhere"
            return f"{str(obstacle)!r} is {what}"
    return getattr(error, "strerror", None) or str(error)


def _in_the_way_of(target: Path) -> Path | None:
    """Return what has to be a directory for a path to be below it, and is none."""
    found = (part for part in reversed(target.parents) if os.path.lexists(part))
    return next((part for part in found if not part.is_dir()), None)
