"""The private directories in which this process's attempts to write take place.

    <base path>/.glacier/stages/<owner>/lock
                                       /<token>/...

Each process owns one directory per base path and holds a lock on it as long as it lives. A
process that stages for the first time sweeps what others have left: directories whose lock is
free, since their owner is dead, and those that are a day old and can't prove anything. What such
an owner had only put aside to replace it goes back to its place.
"""

import atexit
import errno
import os
import platform
import re
import shutil
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from glacier.errors import PathError
from glacier.local.swap import restore
from glacier.storage import RESERVED_PREFIX, new_token

if os.name == "posix":
    import fcntl

MAX_AGE_SECONDS = 24 * 60 * 60
"""How long a stage is left alone if its owner can't be proven dead."""

_LOCK_NAME = "lock"
_DRAFT_PREFIX = "new-"


@dataclass(frozen=True, slots=True)
class _Owner:
    """A directory that is this process's, with the descriptor that holds its lock."""

    directory: Path
    lock: int


_owners: dict[Path, _Owner] = {}
_owners_lock = threading.Lock()


def new_stage(base: Path, token: str) -> Path:
    """Return a new, empty directory under a base path, on the same file system.

    The first call for a base path sweeps what dead processes have left there.

    Raises:
        PathError: The base path is not a directory and can't be made one.
    """
    with _owners_lock:
        owner = _owners.get(base)
        if owner is not None and not owner.directory.exists():  # the base path was removed
            os.close(_owners.pop(base).lock)
            owner = None
        if owner is None:
            _make_base(base)
            sweep(base)
            owner = _owners[base] = _become_owner(_stages(base))
        stage = owner.directory / token
        stage.mkdir()
    return stage


def sweep(base: Path) -> None:
    """Remove the stages of dead processes, and those a day old whose owner can't be asked."""
    stages = _stages(base)
    if not stages.is_dir():
        return
    for directory in stages.iterdir():
        taken = _try_lock(directory)
        if taken is False:
            continue
        is_dead = taken is True and _is_from_here(directory)
        if is_dead or _age_seconds(directory) > MAX_AGE_SECONDS:
            for stage in directory.iterdir():
                restore(stage)
            # Another sweeper may be at it too, and what can't be removed now can be later.
            shutil.rmtree(directory, ignore_errors=True)


def _make_base(base: Path) -> None:
    try:
        base.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
        problem = f"can't be made: {error}" if not base.is_file() else "is a file"
        raise PathError(
            f"The base path {str(base)!r} {problem}; expected a directory.", path=str(base)
        ) from error


def _stages(base: Path) -> Path:
    return base / RESERVED_PREFIX / "stages"


def _become_owner(stages: Path) -> _Owner:
    """Make this process's directory, which nobody ever sees without its lock held."""
    name = f"{_host()}-{os.getpid()}-{new_token()}"
    draft = stages / f"{_DRAFT_PREFIX}{name}"
    # Not mkdtemp: it makes directories that only this user can enter, and what is staged here
    # becomes data that others read.
    draft.mkdir(parents=True)
    lock = os.open(draft / _LOCK_NAME, os.O_CREAT | os.O_RDWR, 0o666)
    if _lock(lock) is not True:
        return _Owner(draft, lock)  # stays a draft, which only age sweeps
    return _Owner(draft.rename(stages / name), lock)


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9_.]", "_", platform.node()) or "host"


def _lock(descriptor: int) -> bool | None:
    """Take a lock: True if it is ours, False if another holds it, None if there are no locks."""
    if os.name != "posix":
        return None  # no proof of death on Windows, where only age counts
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in {errno.EWOULDBLOCK, errno.EACCES} else None
    return True


def _try_lock(directory: Path) -> bool | None:
    """Test the lock of an owner's directory; None where there is none to test."""
    try:
        descriptor = os.open(directory / _LOCK_NAME, os.O_RDWR)
    except OSError:
        return None  # swept meanwhile, no owner's directory, or another user's
    try:
        return _lock(descriptor)
    finally:
        os.close(descriptor)


def _is_from_here(directory: Path) -> bool:
    """Return whether its owner runs, or ran, on this machine.

    Another machine's lock may be invisible from here, so that its being free proves nothing.
    """
    return directory.name.startswith(f"{_host()}-")


def _age_seconds(directory: Path) -> float:
    try:
        return time.time() - directory.stat().st_mtime
    except FileNotFoundError:
        return 0


def _leave() -> None:
    """Give up this process's directories; what is left in one is for others to sweep."""
    for owner in _owners.values():
        left = [path.name for path in owner.directory.glob("*")]
        if left == [_LOCK_NAME]:
            shutil.rmtree(owner.directory, ignore_errors=True)
        os.close(owner.lock)
    _owners.clear()


def _forget() -> None:
    """Start anew in a forked child: its parent's directories are not its own.

    The descriptors have to go, too: a lock lives until its last descriptor is closed, and the
    child's would make its parent look alive.
    """
    global _owners_lock  # noqa: PLW0603 - one that another thread held would never be free
    _owners_lock = threading.Lock()
    for owner in _owners.values():
        os.close(owner.lock)
    _owners.clear()


atexit.register(_leave)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
