"""The toy platform's store: a directory that all its processes see, with rights in mind."""

import os
import tempfile
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

from fsspec.implementations.dirfs import DirFileSystem
from fsspec.implementations.local import LocalFileSystem


class ToyFileSystem(DirFileSystem):  # type: ignore[misc]  # fsspec has no types
    """The files below the directory `TOY_HOME`; below the system's temporary one by default.

    The distribution registers it with fsspec, so that `fsspec.open("toy://...")` finds it.

    Args:
        locked: Directories that can't be looked into.
    """

    protocol = "toy"

    def __init__(self, locked: tuple[str, ...] = (), **options: Any) -> None:
        home = os.environ.get("TOY_HOME") or Path(tempfile.gettempdir(), "glacier-toy")
        super().__init__(path=str(home), fs=LocalFileSystem(auto_mkdir=True), **options)
        self._locked = locked

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(path).removeprefix("toy://").strip("/")

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> Any:
        """List a directory."""
        self._check(path)
        return super().ls(path, detail=detail, **kwargs)

    def info(self, path: str, **kwargs: Any) -> Any:
        """Describe a file or a directory."""
        self._check(path)
        return super().info(path, **kwargs)

    def open(self, path: str, *args: Any, **kwargs: Any) -> IO[bytes]:
        """Open a file."""
        self._check(path)
        return super().open(path, *args, **kwargs)  # type: ignore[no-any-return]

    def get_file(self, rpath: str, lpath: str, **kwargs: Any) -> None:
        """Fetch a file."""
        self._check(rpath)
        super().get_file(rpath, lpath, **kwargs)

    def cp_file(self, path1: str, path2: str, **kwargs: Any) -> None:
        """Copy a file, which becomes visible whole."""
        draft = f".drafts/{uuid4().hex}"
        super().cp_file(path1, draft, **kwargs)
        super().mv(draft, path2)

    def _check(self, path: str) -> None:
        stripped = self._strip_protocol(path)
        if any(f"{stripped}/".startswith(f"{directory}/") for directory in self._locked):
            raise PermissionError(f"{path} is locked")
