"""The source files that travel with a job: modules of the user's project and what they import.

What is installed as a distribution is not copied; it is named with its version, for the
platform's own package mechanism. A module of the project that lies in a package travels with the
whole package, whose data files it may read; any other travels alone.
"""

import sys
import sysconfig
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

from glacier.errors import PackageError
from glacier.jobs.imports import imports_of_source
from glacier.jobs.pins import BASE, files_of

_LARGEST_DATA_FILE_BYTES = 1024 * 1024
_SKIPPED = {"__pycache__", "node_modules"}
_COMPILED = {".pyc", ".pyd", ".so", ".dll", ".dylib"}
_INSTALLED_IN = {"site-packages", "dist-packages"}
_MAIN = {"__main__", "__mp_main__"}
_FOR_TYPES_AND_FRAMES = {"narwhals"}


@dataclass(frozen=True, slots=True)
class Module:
    """Where a module comes from.

    Attributes:
        name: Its full name.
        file: Its source; None for a namespace package.
        search: Where its submodules lie; empty for a module that is no package.
    """

    name: str
    file: Path | None
    search: tuple[str, ...] = ()

    @property
    def is_package(self) -> bool:
        """Whether it has an `__init__` file."""
        return self.file is not None and self.file.stem == "__init__"


@dataclass(slots=True)
class Sources:
    """What travels, and what it needs.

    Attributes:
        files: Source and data files by their paths in the archive.
        installed: Top-level names of the modules that are imported from distributions.
    """

    files: dict[str, Path] = field(default_factory=dict)
    installed: set[str] = field(default_factory=set)


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
        apart: Top-level names of modules that travel by another way, or never.

    Raises:
        PackageError: A module that has to travel has no source file.
    """
    search = _Search(frozenset(apart), {name.partition(".")[0] for name in functions})
    for name in sorted(functions):
        search.require(name)
    search.follow(modules)
    return search.sources


class _Search:
    """Follows imports from module to module, each looked at once."""

    def __init__(self, apart: frozenset[str], own: set[str]) -> None:
        self.sources = Sources()
        self._apart = apart
        self._own = own
        self._seen: set[str] = set()
        self._packages: set[str] = set()

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
        return not top or top in _MAIN or is_stdlib or top in self._apart

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
        root = _topmost_package(module)
        if root is None:
            self.sources.files[_archive_path(module)] = module.file
        elif root.name not in self._packages:
            self._packages.add(root.name)
            self.sources.files |= package_files(root)
        source = module.file.read_bytes()
        found = imports_of_source(source, module.name, is_package=module.is_package)
        yield from found.names
        # The annotation that says so is all that makes a task one of Narwhals.
        yield from (one for one in found.for_types if one in _FOR_TYPES_AND_FRAMES)


def find_module(name: str) -> Module | None:
    """Return where a module is, without importing it; None if there is none of that name."""
    loaded = sys.modules.get(name)
    file = Path(getattr(loaded, "__file__", None) or "").absolute()
    search = tuple(getattr(loaded, "__path__", ()))
    if file.is_file() or search:  # what is imported from an archive has no file
        return Module(name, file if file.is_file() else None, search)
    parent, _, leaf = name.rpartition(".")
    above = find_module(parent) if parent else None
    if parent and (above is None or not above.search):
        return None
    try:
        spec = PathFinder.find_spec(name, above.search) if above else find_spec(name)
    except KeyError:  # a namespace package inside one that is not imported
        assert above is not None
        below = (Path(directory) / leaf for directory in above.search)
        return Module(name, None, tuple(str(path) for path in below if path.is_dir()))
    except (ImportError, ValueError, AttributeError):  # a finder of somebody else's may raise
        return None
    if spec is None:
        return None
    origin = Path(spec.origin).absolute() if spec.has_location and spec.origin else None
    return Module(name, origin, tuple(spec.submodule_search_locations or ()))


def package_files(package: Module) -> dict[str, Path]:
    """Return a package's sources and small data files, by their paths in an archive."""
    base = package.name.replace(".", "/")
    found: dict[str, Path] = {}
    for directory in package.search:
        for path in _files_below(Path(directory)):
            found.setdefault(f"{base}/{path.relative_to(directory).as_posix()}", path)
    return found


def _files_below(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_dir():
            if not (path / "pyvenv.cfg").exists():
                yield from _files_below(path)
        elif path.suffix == ".py" or (
            path.suffix not in _COMPILED and path.stat().st_size <= _LARGEST_DATA_FILE_BYTES
        ):
            yield path


def _topmost_package(module: Module) -> Module | None:
    """Return the outermost package with an `__init__` file that a module lies in, or is."""
    parts = module.name.split(".")
    for count in range(1, len(parts) + 1):
        above = find_module(".".join(parts[:count]))
        if above is not None and above.is_package and above.search:
            return above
    return None


def _archive_path(module: Module) -> str:
    return f"{module.name.replace('.', '/')}.py"


def is_installed(path: Path) -> bool:
    """Return whether a file belongs to Python or to an installed distribution."""
    places = {path, path.resolve()}
    if any(_INSTALLED_IN.intersection(place.parts) for place in places):
        return True
    return any(
        place.is_relative_to(directory) for place in places for directory in _python_directories()
    )


@cache
def _python_directories() -> tuple[Path, ...]:
    named = {Path(sysconfig.get_paths()[key]) for key in ("stdlib", "platstdlib")}
    return tuple(named | {path.resolve() for path in named})


def _can_be_copied(top: str) -> bool:
    """Return whether an installed module is Python alone, and none that is there anyway."""
    return top not in BASE and not any(
        Path(file).suffix in _COMPILED - {".pyc"} for file in files_of(top)
    )
