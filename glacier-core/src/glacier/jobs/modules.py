"""Where modules come from, and the files that they are made of; found without importing them."""

import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path

COMPILED = {".pyd", ".so", ".dll", ".dylib"}
_LARGEST_DATA_FILE_BYTES = 1024 * 1024
_SKIPPED = {"__pycache__", "node_modules"}
_INSTALLED_IN = {"site-packages", "dist-packages"}


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


def root_of(module: Module) -> Module:
    """Return the outermost package with an `__init__` file that a module lies in; else itself."""
    parts = module.name.split(".")
    for count in range(1, len(parts) + 1):
        above = find_module(".".join(parts[:count]))
        if above is not None and above.is_package:
            return above
    return module


def files_of(root: Module) -> dict[str, Path]:
    """Return what travels of a package (its sources and small data files) or of a lone module.

    Returns:
        Files by their paths in an archive from which the module can be imported.
    """
    base = root.name.replace(".", "/")
    if not root.is_package:
        return {} if root.file is None else {f"{base}.py": root.file}
    found: dict[str, Path] = {}
    for directory in root.search:
        for path in _files_below(Path(directory)):
            found.setdefault(f"{base}/{path.relative_to(directory).as_posix()}", path)
    return found


def _files_below(directory: Path) -> Iterator[Path]:
    for path in sorted(directory.iterdir()):
        if path.name.startswith(".") or path.name in _SKIPPED:
            continue
        if path.is_dir():
            is_loop = path.is_symlink() and directory.resolve().is_relative_to(path.resolve())
            if not is_loop and not (path / "pyvenv.cfg").exists():
                yield from _files_below(path)
        elif path.suffix == ".py" or _is_data(path):
            yield path


def _is_data(path: Path) -> bool:
    is_compiled = path.suffix in COMPILED or path.suffix == ".pyc"
    return not is_compiled and path.is_file() and path.stat().st_size <= _LARGEST_DATA_FILE_BYTES


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
