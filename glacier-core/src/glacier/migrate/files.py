"""Finds a project's modules, and writes them as all or nothing."""

import os
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from difflib import unified_diff
from errno import EACCES, EAGAIN
from pathlib import Path

from glacier.errors import PathError
from glacier.migrate.changes import Finding
from glacier.migrate.module import Migration, migrate_module

_SUFFIXES = (".py", ".pyi", ".ipynb")
_NOT_WALKED = ("__pycache__", "site-packages", "dist-packages")  # of environments of any kind
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_IN_NOTEBOOKS = re.compile(rb"\b(?:AWS|Azure|GCP|Local)Provider\b|\bbucket_source\b")


@dataclass(frozen=True, slots=True)
class FileResult:
    """What becomes of a file.

    Attributes:
        path: The file, as it was found.
        migration: What becomes of its content.
        failure: What the migration itself failed with; None where it did not.
    """

    path: Path
    migration: Migration
    failure: Exception | None = None

    def diff(self) -> str:
        """Return the change as a unified diff; empty where there is none."""
        one = self.migration
        if not one.is_changed:  # it may be no text at all, or one whose encoding was not asked for
            return ""
        before, after = (
            _LINE.findall(data.decode(one.encoding)) for data in (one.before, one.after)
        )
        name = self.path.as_posix().lstrip("/")
        lines = unified_diff(before, after, f"a/{name}", f"b/{name}")
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in lines
        )


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files to look at, in order, each once.

    A folder is walked: its modules and notebooks count, but not what hidden folders, virtual
    environments and `__pycache__` hold, nor what symlinks lead to. A file that is named counts
    whatever it is called. A folder that can't be listed is yielded itself, to be told of.

    Args:
        paths: Files and folders.

    Raises:
        PathError: One is not there, or is neither a file nor a folder.
    """
    given = list(paths)
    for path in given:  # all of them first, so that a slip of the pen stops it before it begins
        if not path.exists():
            raise PathError(
                f"There is no {str(path)!r}. Name modules, or folders that hold them.",
                path=str(path),
            )
        if not path.is_file() and not path.is_dir():  # reading a pipe would wait for its writer
            raise PathError(
                f"{str(path)!r} is neither a file nor a folder. Name modules, or folders that "
                "hold them.",
                path=str(path),
            )
    seen: set[Path] = set()
    for path in given:
        for file in sorted(_walked(path)) if path.is_dir() else [path]:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def migrate_file(path: Path) -> FileResult:
    """Return what becomes of a file, whatever it holds; nothing is written.

    Args:
        path: The file.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        why = f"This can't be read: {error.strerror}."
        return FileResult(path, Migration(b"", b"", error=Finding(1, 1, why)))
    if path.suffix == ".ipynb":
        return FileResult(path, Migration(data, data, findings=tuple(_in_notebook(data))))
    try:
        return FileResult(path, migrate_module(data))
    except Exception as error:  # noqa: BLE001 - one module must not keep the others from theirs
        why = f"This can't be migrated, and stays: {type(error).__name__}: {error}"
        return FileResult(path, Migration(data, data, error=Finding(1, 1, why)), error)


def write_file(result: FileResult) -> None:
    """Write what becomes of a file in its place, whole or not at all; its mode and owner stay.

    Args:
        result: What becomes of it.

    Raises:
        PermissionError: The file is write-protected.
        BlockingIOError: It holds something else by now than what was looked at.
        OSError: It can't be written.
    """
    target = result.path.resolve()  # what a symlink leads to, not the link itself
    known = target.stat()
    if not known.st_mode & 0o222:
        raise PermissionError(EACCES, "It is write-protected", str(target))
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(result.migration.after)
            file.flush()
            os.fsync(file.fileno())
        if sys.platform != "win32":
            with suppress(OSError):  # only root may give a file to another
                os.chown(draft, known.st_uid, known.st_gid)
        draft.chmod(known.st_mode & 0o7777)
        now = target.read_bytes()  # asked last, for a gap as small as can be
        if now != result.migration.before:
            raise BlockingIOError(
                EAGAIN, "It has changed since it was read. Migrate it again", str(target)
            )
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def _walked(folder: Path) -> Iterator[Path]:
    errors: list[OSError] = []
    for place, folders, files in os.walk(folder, onerror=errors.append):
        here = Path(place)
        folders[:] = [name for name in folders if _is_walked(here / name)]
        for name in files:
            path = here / name
            if path.suffix in _SUFFIXES and not path.is_symlink() and _is_file(path):
                yield path
    yield from (Path(error.filename) for error in errors)


def _is_walked(folder: Path) -> bool:
    is_hidden = folder.name.startswith(".") or folder.name in _NOT_WALKED
    return not is_hidden and not _is_file(folder / "pyvenv.cfg")


def _is_file(path: Path) -> bool:
    """Tell whether a path is a file: no pipe, and nothing that can't be asked."""
    return os.path.isfile(path)  # noqa: PTH113 - Path's own raises where a folder is locked


def _in_notebook(data: bytes) -> Iterator[Finding]:
    found = _IN_NOTEBOOKS.search(data)
    if found is None or b"glacier" not in data:
        return
    line = data.count(b"\n", 0, found.start()) + 1
    column = found.start() - data.rfind(b"\n", 0, found.start())
    yield Finding(
        line,
        column,
        f"{found[0].decode()} is left as it is, since notebooks are not migrated. Change the cells "
        "by hand, or export them as a module and migrate that.",
    )
