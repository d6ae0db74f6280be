"""The source files that travel with a job: modules of the user's project and what they import.

What is installed as a distribution is not copied; it is named, for the platform's own package
mechanism. A module of the project that lies in a package travels with the whole package, whose
data files it may read; any other travels alone.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from glacier.errors import PackageError
from glacier.jobs.imports import imports_of_source
from glacier.jobs.modules import COMPILED, Module, files_of, find_module, is_installed, root_of
from glacier.jobs.pins import BASE, distribution_files

_MAIN = {"__main__", "__mp_main__"}
_FOR_TYPES_AND_FRAMES = {"narwhals"}


@dataclass(slots=True)
class Sources:
    """What travels, and what it needs.

    Attributes:
        files: Source and data files by their paths in the archive.
        installed: Top-level names of the modules that are imported from distributions.
        apart: Modules, and names in them, that are imported and travel by another way.
    """

    files: dict[str, Path] = field(default_factory=dict)
    installed: set[str] = field(default_factory=set)
    apart: set[str] = field(default_factory=set)


def sources_of(
    modules: Iterable[str],
    *,
    functions: Iterable[str] = (),
    apart: Iterable[str] = (),
) -> Sources:
    """Return the project's sources that some modules are made of, with all that they import.

    Args:
        modules: Names of modules; those that are none are passed over.
        functions: Those among them that have to travel, since a job's functions are theirs.
        apart: Modules that travel by another way, with all that is in them.

    Raises:
        PackageError: A module that has to travel has no source file.
    """
    search = _Search(tuple(apart), {name.partition(".")[0] for name in functions})
    for name in sorted(functions):
        search.require(name)
    search.follow(modules)
    return search.sources


class _Search:
    """Follows imports from module to module, each looked at once."""

    def __init__(self, apart: tuple[str, ...], own: set[str]) -> None:
        self.sources = Sources()
        self._apart = apart
        self._own = own
        self._seen: set[str] = set()
        self._roots: set[str] = set()

    def require(self, name: str) -> None:
        """Raise an error for a module of the project that can't travel."""
        if self._is_apart(name):
            return
        module = find_module(name)
        if module is None or module.file is None:
            raise PackageError(
                f"The module {name!r} has no source file, so that it can't travel with the job. "
                "Put its functions into a file.",
                module=name,
            )
        if module.file.suffix != ".py" and not is_installed(module.file):
            raise PackageError(
                f"The module {name!r} is compiled ({module.file.name}) and can't travel with the "
                "job. Put its functions into a source file, or install it as a distribution.",
                module=name,
            )

    def follow(self, modules: Iterable[str]) -> None:
        """Add modules and, again and again, what they import."""
        pending = sorted(modules)
        while pending:
            name = pending.pop()
            if name in self._seen:
                continue
            self._seen.add(name)
            if self._is_apart(name):
                continue
            module = find_module(name)
            if module is not None:
                pending += sorted(self._add(module))

    def _is_apart(self, name: str) -> bool:
        top = name.partition(".")[0]
        is_stdlib = top in sys.stdlib_module_names or top in sys.builtin_module_names
        if is_within(name, self._apart):
            self.sources.apart.add(name)
            return True
        return not top or top in _MAIN or is_stdlib

    def _add(self, module: Module) -> Iterator[str]:
        """Add a module's files, and yield what it imports."""
        top = module.name.partition(".")[0]
        place = module.file or (Path(module.search[0]) if module.search else None)
        if place is None:
            return
        if is_installed(place) and not (top in self._own and _can_be_copied(top)):
            self.sources.installed.add(top)
            return
        parent = module.name.rpartition(".")[0]
        if parent:
            yield parent
        if module.file is None or module.file.suffix != ".py":
            return
        root = root_of(module)
        if root.name not in self._roots:
            self._roots.add(root.name)
            self.sources.files |= files_of(root)
        source = module.file.read_bytes()
        found = imports_of_source(source, module.name, is_package=module.is_package)
        yield from found.names
        # The annotation that says so is all that makes a task one of Narwhals.
        yield from (one for one in found.for_types if one in _FOR_TYPES_AND_FRAMES)


def is_within(name: str, packages: Iterable[str]) -> bool:
    """Return whether a module is one of some packages, or lies in one of them."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _can_be_copied(top: str) -> bool:
    """Return whether an installed module is Python alone, and none that is there anyway."""
    return top not in BASE and not any(
        Path(file).suffix in COMPILED for file in distribution_files(top)
    )
