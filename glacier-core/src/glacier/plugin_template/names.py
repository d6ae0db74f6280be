"""What the parts of a plugin are called, all from one name."""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from keyword import iskeyword

from fsspec import available_protocols

from glacier import config
from glacier.errors import ConfigError, GlacierError
from glacier.plugins import load_plugins

_PREFIX = "glacier-"
_LONGEST = 24
"""In characters. Longer names don't fit the lines of the files."""


@dataclass(frozen=True, slots=True)
class PluginNames:
    """The names of a plugin's parts.

    Attributes:
        name: The plugin's own, normalised as PEP 503 has it: `ice-cellar`. It is the name of its
            entry point too, and the scheme of its URIs.
    """

    name: str

    @property
    def distribution(self) -> str:
        """What is installed: `glacier-ice-cellar`."""
        return f"{_PREFIX}{self.name}"

    @property
    def module(self) -> str:
        """What is imported: `glacier_ice_cellar`."""
        return self.distribution.replace("-", "_")

    @property
    def classes(self) -> str:
        """What its classes begin with: `IceCellar`."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @property
    def variables(self) -> str:
        """What its environment variables begin with: `ICE_CELLAR`."""
        return self.name.replace("-", "_").upper()


def plugin_names(name: str) -> PluginNames:
    """Return the names of a new plugin's parts.

    Args:
        name: The plugin's name, with or without `glacier-` before it. Upper and lower case, and
            `-`, `_` and `.`, are the same, as in all names of distributions (PEP 503, PEP 508).

    Raises:
        ConfigError: It is misspelt, a keyword of Python, or taken by what is installed here, by
            fsspec or by Glacier itself.
    """
    names = PluginNames(re.sub(r"[-_.]+", "-", name).lower().removeprefix(_PREFIX))
    problem = _misspelling(name, names) or _taken(names)
    if problem is not None:
        raise ConfigError(
            f"{name!r} can't name a new plugin: {problem}. Use another name, such as 'ice-cellar'.",
            name=name,
        )
    return names


def _misspelling(given: str, names: PluginNames) -> str | None:
    """Return what is wrong with a name by itself, as half a sentence; None if nothing is."""
    # PEP 508, but for a digit at the start: no class begins with one.
    if not re.fullmatch(r"[A-Za-z]([A-Za-z0-9._-]*[A-Za-z0-9])?", given):
        return (
            "it has to be of letters and digits of ASCII, with '-', '_' or '.' between them, and "
            "to begin with a letter"
        )
    if not re.fullmatch(r"[a-z][a-z0-9-]*", names.name):
        return f"a letter has to come after {_PREFIX!r}"
    if iskeyword(names.name) or iskeyword(names.classes):
        return "it is a keyword of Python"
    if names.classes.startswith("Test"):
        return "pytest takes classes that begin with 'Test' for tests"
    if len(names.name) == 1:
        return f"fsspec takes {names.name}:// for a drive of Windows and not for a scheme"
    if len(names.name) > _LONGEST:
        return f"it has {len(names.name)} characters, and at most {_LONGEST} fit the files"
    return None


def _taken(names: PluginNames) -> str | None:
    """Return what has one of the names already, as half a sentence; None if nothing has."""
    try:
        return f"{distribution(names.distribution).name} is installed here, so uninstall it first"
    except PackageNotFoundError:
        pass
    if find_spec(names.module) is not None:
        return f"a module {names.module!r} can be imported here"
    for plugin in load_plugins().installed:
        if plugin.name == names.name:
            return f"{plugin.distribution} is installed here, with a plugin of that name"
    if names.name in available_protocols():
        return f"fsspec has a filesystem for {names.name}:// already"
    if names.variables.startswith("GLACIER"):
        return "variables that begin with GLACIER are Glacier's own"
    if names.classes == "Filesystem":
        return "Glacier has a FilesystemBucketAdapter already"
    for name in (f"{names.classes}Config", f"{names.classes}BucketConfig"):
        if _is_offered(name):
            return f"glacier.config has a {name} already"
    return None


def _is_offered(name: str) -> bool:
    try:
        return hasattr(config, name)
    except GlacierError:  # of a package that isn't installed, or that two claim
        return True
