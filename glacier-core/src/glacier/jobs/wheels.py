"""Wheels for another machine's Python, found by pip on whatever machine this is.

What a set of requirements has led to is kept, already compressed, below the user's cache: the next
package with the same requirements for the same runtime copies it and asks nobody.
"""

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from glacier.errors import GlacierError

_FORMAT = 1
"""Raised when the content of what is kept changes for the same requirements."""

_KEPT_DAYS = 30
_LEFT_DAYS = 1
"""After how many days a directory of an installation is one that was killed."""

_DRAFT = "new-"
_LAST_LINES = 8
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest that an archive can say
_PLAIN, _EXECUTABLE = 0o100644 << 16, 0o100755 << 16
_UNIX = 3
_PIECE_BYTES = 1024 * 1024
_OF_INSTALLERS = {".lock", "bin"}
_SKIPPED_METADATA = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
_TESTS = re.compile(r"(^|/)tests?/(.*/)?(test_[^/]*|conftest\.py)$")
# As pip and as uv say it.
_MISSING = re.compile(
    r"No matching distribution found for ([^\s(]+)|Because (?:there is no version of )?(\S+) "
    r"(?:was not found|has no)"
)
_CONFLICT = re.compile(r"The conflict is caused by:.*?(?=\n\s*\n|\Z)", re.DOTALL)
_PROGRESS = ("WARNING:", "Collecting ", "Looking in ", "Using cached ", "Downloading ")


@dataclass(frozen=True, slots=True)
class Target:
    """Where wheels have to run: a Linux.

    Attributes:
        python: The version of Python, such as `3.11`.
        architecture: The processor.
        glibc: The minor version of its glibc 2.
        uv_platform: What uv is told of glibc, which knows some versions only: `manylinux_2_34`.
    """

    python: str
    architecture: Literal["x86_64", "arm64"]
    glibc: int
    uv_platform: str

    @property
    def platforms(self) -> tuple[str, ...]:
        """The tags of wheels that run there, the best first."""
        tags = [f"manylinux_2_{minor}_{self.machine}" for minor in range(self.glibc, 16, -1)]
        return (*tags, f"manylinux2014_{self.machine}")

    @property
    def machine(self) -> str:
        """The processor as wheels call it."""
        return "aarch64" if self.architecture == "arm64" else "x86_64"

    @property
    def is_like_here(self) -> bool:
        """Whether conditions on Python and its platform have the same answers here."""
        here = (f"{sys.version_info.major}.{sys.version_info.minor}", sys.platform)
        return here == (self.python, "linux") and platform.machine() == self.machine


@dataclass(frozen=True, slots=True)
class Wanted:
    """What has to be importable.

    Attributes:
        requirements: As pip takes them.
        constraints: Versions to take of what those need in turn.
        target: Where.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...]
    target: Target


@dataclass(frozen=True, slots=True)
class Owner:
    """Whom wheels are for, as errors speak of it.

    Attributes:
        name: Such as `the function 'score'`.
        error: Makes its error of a message and of facts.
        missing: What to do where a distribution has no wheel.
        conflict: What to do where no set of wheels fits.
    """

    name: str
    error: Callable[..., GlacierError]
    missing: str
    conflict: str


def wheel_archive(owner: Owner, wanted: Wanted) -> Path:
    """Return a zip of what requirements lead to, from which it can be imported.

    It is kept below `GLACIER_CACHE`, else `glacier` below `XDG_CACHE_HOME` or `~/.cache`, for
    30 days after its last use, and is not the caller's to change.

    Raises:
        GlacierError: There is no wheel for the target, or no installer; the owner's error.
    """
    directory = _cache_directory()
    fields = [_FORMAT, wanted.requirements, wanted.constraints, wanted.target.platforms]
    key = json.dumps([*fields, wanted.target.python]).encode()
    kept = directory / f"{hashlib.sha256(key).hexdigest()[:32]}.zip"
    with suppress(FileNotFoundError):  # where it is not there, or another process has swept it
        os.utime(kept)
        return kept
    directory.mkdir(parents=True, exist_ok=True)
    _sweep(directory)
    with tempfile.TemporaryDirectory(dir=directory, prefix=_DRAFT) as scratch:
        installed = Path(scratch, "installed")
        _install(owner, wanted, Path(scratch), installed)
        draft = Path(scratch, "wheels.zip")
        with zipfile.ZipFile(draft, "w") as archive:
            for name, file in _files_of(installed):
                add_file(archive, name, file)
        draft.replace(kept)
    return kept


def add_file(archive: zipfile.ZipFile, name: str, content: Path | bytes) -> None:
    """Add a file that everybody may read, with the same bytes whenever it is done."""
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = _UNIX
    is_executable = isinstance(content, Path) and os.access(content, os.X_OK)
    entry.external_attr = _EXECUTABLE if is_executable else _PLAIN
    if isinstance(content, bytes):
        archive.writestr(entry, content)
        return
    entry.file_size = content.stat().st_size
    with content.open("rb") as source, archive.open(entry, "w") as target:
        shutil.copyfileobj(source, target, _PIECE_BYTES)


def _files_of(installed: Path) -> Iterator[tuple[str, Path]]:
    """Yield what runs of installed wheels: no tests, no compiled sources, no lists of files."""
    for file in sorted(path for path in installed.rglob("*") if path.is_file()):
        relative = file.relative_to(installed)
        is_list = relative.parent.name.endswith(".dist-info") and file.name in _SKIPPED_METADATA
        is_skipped = relative.parts[0] in _OF_INSTALLERS or "__pycache__" in relative.parts
        if not (is_list or is_skipped or _TESTS.search(relative.as_posix())):
            yield relative.as_posix(), file


def _install(owner: Owner, wanted: Wanted, scratch: Path, directory: Path) -> None:
    """Have an installer put wheels and all that they need into a directory."""
    files = {"requirements.txt": wanted.requirements, "constraints.txt": wanted.constraints}
    for name, lines in files.items():
        Path(scratch, name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    command = [
        *_installer(owner, wanted.target),
        *("--requirement", str(scratch / "requirements.txt")),
        *("--constraint", str(scratch / "constraints.txt")),
        *("--target", str(directory)),
    ]
    ran = subprocess.run(  # noqa: S603 - the command is made here
        command,
        check=False,
        capture_output=True,
        text=True,
        errors="replace",
        stdin=subprocess.DEVNULL,
    )
    if ran.returncode != 0:
        raise _unresolved(owner, wanted, ran.stdout + ran.stderr)


def _installer(owner: Owner, target: Target) -> list[str]:
    """Return the command that installs wheels for another machine than this one."""
    common = ["--only-binary=:all:", "--python-version", target.python]
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    # pip asks conditions such as `python_version < "3.12"` of the Python that runs it, not of the
    # target, and would leave out what is needed there: https://github.com/pypa/pip/issues/11664
    if find_spec("pip") is not None and (uv is None or target.is_like_here):
        pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        pip.append("--progress-bar=off")
        platforms = [part for tag in target.platforms for part in ("--platform", tag)]
        return [*pip, *common, "--implementation", "cp", "--no-compile", *platforms]
    if uv is None:
        raise owner.error(
            f"The wheels of {owner.name} are found by pip or uv, and this Python "
            f"({sys.executable}) has neither. Run: python -m ensurepip, or install uv."
        )
    platform_ = f"{target.machine}-{target.uv_platform}"
    return [uv, "pip", "install", *common, "--python-platform", platform_]


def _unresolved(owner: Owner, wanted: Wanted, output: str) -> GlacierError:
    missing = sorted({found[1] or found[2] for found in _MISSING.finditer(output)})
    conflict = _CONFLICT.search(output)
    lines = [line.strip() for line in (conflict[0] if conflict else output).splitlines()]
    told = [line for line in lines if line and not line.startswith(_PROGRESS)]
    said = "\n".join(f"    {line}" for line in told[-_LAST_LINES:])
    place = f"Python {wanted.target.python} on {wanted.target.architecture}"
    advice = (
        f"no wheel of {', '.join(missing)} was found for {place}. {owner.missing}"
        if missing
        else f"no set of wheels was found for {place}. {owner.conflict}"
    )
    name = owner.name[0].upper() + owner.name[1:]
    return owner.error(
        f"{name} requires {', '.join(wanted.requirements)}, and {advice} The installer says:\n"
        f"{said}",
        missing=tuple(missing),
    )


def _cache_directory() -> Path:
    own = os.environ.get("GLACIER_CACHE")
    if own:
        return Path(own).absolute() / "wheels"
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "glacier" / "wheels"


def _sweep(directory: Path) -> None:
    """Remove what was not used for long, and what killed processes have left."""
    for kept in directory.glob("*.zip"):
        if _is_older(kept, _KEPT_DAYS):
            kept.unlink(missing_ok=True)
    for draft in directory.glob(f"{_DRAFT}*"):
        if _is_older(draft, _LEFT_DAYS):
            shutil.rmtree(draft, ignore_errors=True)


def _is_older(path: Path, days: float) -> bool:
    try:
        return path.stat().st_mtime < time.time() - days * 24 * 3600
    except FileNotFoundError:  # another process was faster
        return False
