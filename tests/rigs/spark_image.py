"""The Python that a job finds: what its platform has, what that was told to add, nothing else.

It is a directory of links into this environment. Glacier itself is in none of them, so a job that
imports it has brought it along.
"""

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath

from packaging.requirements import Requirement


class InstallError(Exception):
    """What pip would say of requirements that can't be met."""


def make_image(directory: Path, requirements: Iterable[str]) -> None:
    """Fill a directory with some requirements and all that these need, as pip would.

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
    """Return the names that a distribution puts beside others: packages, modules, metadata."""
    parts = (PurePosixPath(str(file)).parts for file in one.files or ())
    tops = {top for top, *_ in parts if top not in {"..", "__pycache__"}}
    return {top for top in tops if not top.endswith(".pth")}
