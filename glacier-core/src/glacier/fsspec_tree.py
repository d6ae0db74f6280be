"""Looking into a bucket on an fsspec filesystem without taking an error for an answer.

fsspec's own `walk`, `find` and `glob` take a directory that they may not read for an empty one,
and `exists` any error for a no; so only `ls` and `info` are used.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fsspec.utils import glob_translate

from glacier.storage import GLOB_CHARACTERS, RESERVED_PREFIX, is_glob

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem


@dataclass(frozen=True, slots=True)
class FileTree:
    """The files below a root; paths are relative to it, and Glacier's stages are hidden.

    Attributes:
        filesystem: Where the files lie.
        root: A directory on it, without a `/` at its end.
    """

    filesystem: "AbstractFileSystem"
    root: str

    def absolute(self, path: str) -> str:
        """Return a path as the filesystem names it."""
        return f"{self.root}/{path}"

    def kind(self, path: str) -> str | None:
        """Return `file` or `directory`; None only if the store says that nothing is there."""
        self.filesystem.invalidate_cache()
        try:
            return str(self.filesystem.info(self.absolute(path).rstrip("/"))["type"])
        except FileNotFoundError:
            return None

    def files(self, path: str) -> Iterator[str]:
        """Yield every visible file of a file's, a dataset's or a glob's path, unordered."""
        if path and not path.endswith("/") and not is_glob(path):
            if self.kind(path) == "file":
                yield path
            return
        pattern = re.compile(glob_translate(path)) if is_glob(path) else None
        pending = [fixed_directory(path)]
        while pending:
            directory = pending.pop()
            for name, kind in self.entries(directory):
                found = f"{directory}{name}"
                if found.startswith(RESERVED_PREFIX):
                    continue
                if kind == "directory":
                    pending.append(f"{found}/")
                elif pattern is None or pattern.match(found):
                    yield found

    def entries(self, directory: str) -> Iterator[tuple[str, str]]:
        """Yield name and kind of what lies directly in a directory, such as `a/b/`."""
        path = self.absolute(directory).rstrip("/")
        self.filesystem.invalidate_cache()
        try:
            entries = self.filesystem.ls(path, detail=True)
        except FileNotFoundError:
            return
        for entry in entries:
            name = entry["name"].rstrip("/")
            # A file, or an object store's marker, may have the directory's own name.
            if name.lstrip("/") != path.lstrip("/"):
                yield name.rpartition("/")[2], entry["type"]

    def remove(self, path: str) -> None:
        """Remove one file; nothing happens where nothing is."""
        with suppress(FileNotFoundError):
            self.filesystem.rm_file(self.absolute(path))


def fixed_directory(path: str) -> str:
    """Return the part of a dataset's path that no glob character is in: empty or `a/b/`."""
    fixed = re.split(f"[{re.escape(GLOB_CHARACTERS)}]", path, maxsplit=1)[0]
    return fixed[: fixed.rfind("/") + 1]
