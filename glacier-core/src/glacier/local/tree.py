"""Walking the files of a bucket's directory without ever leaving the base path."""

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from glacier.errors import PathError
from glacier.storage import RESERVED_PREFIX


class Tree:
    """A base path, and what lies below it.

    Symlinks are followed as long as they stay below the base path; the base path itself may be
    one.

    Args:
        base: An absolute path.
    """

    def __init__(self, base: Path) -> None:
        self._base = base

    def resolve(self, path: str | Path) -> str:
        """Return a path with all its symlinks followed.

        Raises:
            PathError: It leads out of the base path.
        """
        real, base = os.path.realpath(path), os.path.realpath(self._base)
        if not _holds(base, real):
            raise PathError(
                f"{os.fspath(path)!r} leads through a symlink to {real!r}, which is outside the "
                f"base path {str(self._base)!r}. Remove the link, or move base_path up.",
                path=os.fspath(path),
            )
        return real

    def files(self, directory: str, trail: tuple[str, ...] = ()) -> Iterator[str]:
        """Yield the paths of all visible files below a directory, in no order.

        Args:
            directory: A resolved directory.
            trail: The directories that were left through a symlink to get here.

        Raises:
            PathError: A symlink leads out of the base path, or back to where it is.
            PermissionError: A directory can't be read.
        """
        for entry in self._entries(directory, trail):
            if entry.is_dir():
                yield from self.files(entry.path, self._trail(entry, directory, trail))
            elif entry.is_file():
                yield entry.path

    def matches(
        self, directory: str, pattern: list[str], trail: tuple[str, ...] = ()
    ) -> Iterator[str]:
        """Yield the files below a directory that match a glob, as Polars expands it.

        Args:
            directory: A resolved directory.
            pattern: The glob's components; `**` stands for any number of directories.
            trail: As for `files`.

        Raises:
            PathError: As for `files`; only directories that the glob visits matter.
            PermissionError: A directory can't be read.
        """
        head, *rest = pattern
        if head == "**":
            yield from self.matches(directory, rest or ["*"], trail)
        for entry in self._entries(directory, trail):
            fits = head == "**" or fnmatchcase(entry.name, head)
            if fits and entry.is_dir() and (rest or head == "**"):
                below = self._trail(entry, directory, trail)
                yield from self.matches(entry.path, pattern if head == "**" else rest, below)
            elif fits and not rest and head != "**" and entry.is_file():
                yield entry.path

    def _entries(self, directory: str, trail: tuple[str, ...]) -> "Iterator[os.DirEntry[str]]":
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.startswith(RESERVED_PREFIX):
                    continue
                if entry.is_symlink():
                    self._check_link(entry.path, (*trail, os.path.realpath(directory)))
                yield entry

    def _check_link(self, link: str, trail: tuple[str, ...]) -> None:
        real = self.resolve(link)
        if any(_holds(real, above) for above in trail):
            raise PathError(
                f"{link!r} is a symlink back to {real!r}, in which it lies. Remove the link.",
                path=link,
            )

    def _trail(
        self, entry: "os.DirEntry[str]", directory: str, trail: tuple[str, ...]
    ) -> tuple[str, ...]:
        return (*trail, os.path.realpath(directory)) if entry.is_symlink() else trail


def _holds(directory: str, path: str) -> bool:
    return path == directory or path.startswith(f"{directory.rstrip(os.sep)}{os.sep}")
