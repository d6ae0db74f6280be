"""The Python that a process of a platform finds: what that has, what it was told to add, no more.

It is a directory of links into this environment. Glacier itself is in none of them, so a process
that imports it has brought it along.
"""

import re
import shutil
import tempfile
import threading
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement


class InstallError(Exception):
    """What pip would say of requirements that can't be met."""


class Images:
    """The Pythons of a platform, each made for the first job that asks.

    Args:
        provided: What the platform itself has; with all that these need.
        modules: Modules of its own, by the names of their files.
    """

    def __init__(self, provided: Iterable[str], modules: Mapping[str, str] | None = None) -> None:
        self._provided = tuple(provided)
        self._modules = modules or {}
        self._directory = Path(tempfile.mkdtemp(prefix="python-images-"))
        self._made: dict[tuple[str, ...], Path] = {}
        self._lock = threading.Lock()

    def of(self, requirements: Iterable[str]) -> Path:
        """Return the directory of the Python that has requirements too.

        Raises:
            InstallError: They can't be met.
        """
        wanted = tuple(sorted(requirements))
        with self._lock:
            if wanted not in self._made:
                image = Path(tempfile.mkdtemp(dir=self._directory))
                make_image(image, [*self._provided, *wanted])
                for name, source in self._modules.items():
                    (image / name).write_text(source, encoding="utf-8")
                self._made[wanted] = image
            return self._made[wanted]

    def close(self) -> None:
        """Remove them."""
        shutil.rmtree(self._directory, ignore_errors=True)


def make_image(directory: Path, requirements: Iterable[str]) -> None:
    """Fill a directory with some requirements and all that they need, as pip would.

    Raises:
        InstallError: A requirement is not in this environment, or in another version.
    """
    found: dict[str, Distribution] = {}
    for text in requirements:
        _collect(Requirement(text), found)
    for one in found.values():
        for entry in _entries(one):
            link = directory / entry
            if not link.is_symlink():
                link.parent.mkdir(parents=True, exist_ok=True)
                link.symlink_to(Path(str(one.locate_file(entry))))


def _collect(requirement: Requirement, found: dict[str, Distribution]) -> None:
    """Add a distribution and all that it needs."""
    name = re.sub(r"[-_.]+", "-", requirement.name).lower()
    if name.startswith("glacier"):
        raise InstallError(f"No matching distribution found for {requirement}")
    try:
        one = distribution(name)
    except PackageNotFoundError as error:
        raise InstallError(f"No matching distribution found for {requirement}") from error
    if not requirement.specifier.contains(one.version, prereleases=True):
        raise InstallError(
            f"Could not find a version that satisfies the requirement {requirement} "
            f"(from versions: {one.version})"
        )
    if name in found and not requirement.extras:
        return
    found[name] = one
    for line in one.requires or ():
        needed = Requirement(line)
        extras = requirement.extras or {""}
        if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
            _collect(needed, found)


def _entries(one: Distribution) -> set[str]:
    """Return what a distribution puts beside others: packages, modules, metadata.

    Of a namespace package, which several share, it is what lies in it.
    """
    files = [PurePosixPath(str(file)) for file in one.files or ()]
    packages = {file.parent for file in files if file.name == "__init__.py"}
    kept = [file for file in files if not {"..", "__pycache__"}.intersection(file.parts)]
    tops = {str(_top(file, packages)) for file in kept}
    return {top for top in tops if not top.endswith(".pth")}


def _top(file: PurePosixPath, packages: set[PurePosixPath]) -> PurePosixPath:
    above = [*reversed(file.parents)][1:]
    for directory in above:
        if directory in packages or "." in directory.name:
            return directory
    return file
