"""Exchanging two directories, so that a dataset is replaced in one step."""

import ctypes
import errno
import os
import sys
from pathlib import Path

# https://man7.org/linux/man-pages/man2/rename.2.html, and `man renamex_np` on macOS.
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
_RENAME_SWAP = 2
# In the stage of an exchange that takes two renames: the old directory, and where it belongs.
_ASIDE = "aside"
_ORIGIN = "aside-from"

_NOT_SUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP}


def exchange(one: Path, other: Path) -> None:
    """Swap two directories of one file system.

    Linux and macOS do it atomically. Where the system or the file system can't, it takes two
    renames, between which `other` is missing for a moment. If the second one fails, the first
    is taken back; if the process dies between them, `restore` takes it back.

    Args:
        one: A directory; afterwards what `other` was.
        other: A directory; afterwards what `one` was.
    """
    if not _exchange_atomically(one, other):
        _exchange_by_renames(one, other)


def _exchange_atomically(one: Path, other: Path) -> bool:
    if os.name != "posix":
        return False
    library = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "darwin" and hasattr(library, "renamex_np"):
        failed = library.renamex_np(first, second, ctypes.c_uint(_RENAME_SWAP))
    elif hasattr(library, "renameat2"):
        failed = library.renameat2(
            _AT_FDCWD, first, _AT_FDCWD, second, ctypes.c_uint(_RENAME_EXCHANGE)
        )
    else:
        return False
    if not failed:
        return True
    code = ctypes.get_errno()
    if code in _NOT_SUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))


def _exchange_by_renames(one: Path, other: Path) -> None:
    put_aside(one.parent, other)
    try:
        one.rename(other)
    except OSError:
        restore(one.parent)
        raise
    (one.parent / _ASIDE).rename(one)
    (one.parent / _ORIGIN).unlink()


def put_aside(stage: Path, directory: Path) -> None:
    """Move a directory into a stage, after noting there where it came from."""
    (stage / _ORIGIN).write_text(str(directory), encoding="utf-8")
    directory.rename(stage / _ASIDE)


def restore(stage: Path) -> None:
    """Move back what was put aside in a stage, unless something else has taken its place."""
    origin, aside = stage / _ORIGIN, stage / _ASIDE
    if origin.is_file() and aside.is_dir():
        directory = Path(origin.read_text(encoding="utf-8"))
        if not directory.exists():
            aside.rename(directory)
