"""Finds what a command names: `FILE_OR_MODULE:PIPELINE`, or a provider in the same way."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from pydantic import ValidationError

from glacier.cli.failures import shown_path
from glacier.errors import ConfigError, GlacierError
from glacier.pipeline import Pipeline
from glacier.provider import Provider

NamedT = TypeVar("NamedT", Pipeline[..., Any], Provider)
_ADVICE: dict[type, str] = {
    Pipeline: "Decorate a function with @pipeline.",
    Provider: "Make one: provider = Provider(config=...).",
}
_NAMES: dict[type, str] = {Pipeline: "daily", Provider: "provider"}


def load_pipeline(target: str) -> Pipeline[..., Any]:
    """Return the pipeline that a target names.

    Args:
        target: A path to a Python file or a module's dotted name, then `:` and the name under
            which the module holds the pipeline. The name may be left out where the module
            defines exactly one pipeline.

    Raises:
        ConfigError: There is no such file, module or pipeline, or its import fails.
    """
    return _load(target, Pipeline)


def load_provider(target: str) -> Provider:
    """Return the provider that a target names, as `load_pipeline` does a pipeline.

    Raises:
        ConfigError: There is no such file, module or provider, or its import fails.
    """
    return _load(target, Provider)


def load_providers(target: str) -> dict[str, Provider]:
    """Return the provider that a target names, or without a name all of its module, by name.

    Raises:
        ConfigError: As in `load_provider`.
    """
    place, name = _split(target, Provider)
    if name is not None:
        return {name: load_provider(target)}
    found = _found_in(place, Provider)[1]
    if not found:
        raise ConfigError(f"{place!r} holds no provider. {_ADVICE[Provider]}")
    first = {id(one): name for name, one in reversed(found.items())}
    return {name: one for name, one in found.items() if first[id(one)] == name}


def _load(target: str, kind: type[NamedT]) -> NamedT:
    place, name = _split(target, kind)
    module, found = _found_in(place, kind)
    if name is None:
        return _only_one(place, module, kind, found)
    if name not in found:
        raise _no_such(place, module, kind, name, list(found))
    return found[name]


def _found_in(place: str, kind: type[NamedT]) -> tuple[ModuleType, dict[str, NamedT]]:
    """Return a module, and what of a kind it holds, by name."""
    module = _load_file(Path(place)) if place.endswith(".py") else _load_module(place)
    return module, {key: value for key, value in vars(module).items() if isinstance(value, kind)}


def _split(target: str, kind: type) -> tuple[str, str | None]:
    place, colon, name = target.rpartition(":")
    # `C:\flows\sales.py` has a colon and no name.
    if not colon or name.endswith(".py"):
        return target, None
    if not place or not name.isidentifier():
        word, name = kind.__name__, _NAMES[kind]
        raise ConfigError(
            f"{target!r} names no {word.lower()}; expected FILE_OR_MODULE:{word.upper()}, such as "
            f"flows/sales.py:{name} or sales.flows:{name}."
        )
    return place, name


def _load_file(path: Path) -> ModuleType:
    """Import a file under the name that its package, if it is in one, gives it."""
    if not path.is_file():
        raise ConfigError(
            f"There is no file {str(path)!r}. Check the path; it starts at {Path.cwd()}."
        )
    names, root = [path.stem], path.resolve().parent
    while (root / "__init__.py").exists():
        names.insert(0, root.name)
        root = root.parent
    name = ".".join(names)
    with _import_errors(str(path)):
        module = _import_from(root, name)
    loaded = getattr(module, "__file__", None)
    if loaded is None or not path.samefile(loaded):
        raise ConfigError(
            f"{str(path)!r} can't be imported as {name!r}: that module is {loaded or 'built in'}. "
            "Rename the file."
        )
    return module


def _load_module(name: str) -> ModuleType:
    try:
        with _import_errors(name):
            # As in `python -m`: modules of the working directory come first.
            return _import_from(Path.cwd(), name)
    except ConfigError as error:
        cause = error.__cause__
        missing = cause.name if isinstance(cause, ModuleNotFoundError) else None
        if missing and (name == missing or name.startswith(f"{missing}.")):
            raise ConfigError(
                f"There is no module {missing!r} here or among the installed packages. Check the "
                "name; a file needs its suffix, such as flows/sales.py."
            ) from cause
        raise


def _import_from(directory: Path, name: str) -> ModuleType:
    """Import a module with a directory first on the path, where it stays for later imports."""
    if str(directory) not in sys.path:
        sys.path.insert(0, str(directory))
    return import_module(name)


@contextmanager
def _import_errors(place: str) -> Iterator[None]:
    """Turn whatever a user's module raises into one line that says where."""
    try:
        yield
    except GlacierError:
        raise
    except Exception as error:
        raise ConfigError(
            f"{place!r} can't be imported: {type(error).__name__}: {_said(error)}{_where(error)}."
        ) from error


def _said(error: Exception) -> str:
    """Return what an error says, on one line where it usually takes several."""
    if isinstance(error, SyntaxError):
        return error.msg
    if isinstance(error, ValidationError):
        found = error.errors(include_url=False, include_input=False)
        problems = (
            ".".join([error.title, *map(str, one["loc"])]) + f": {one['msg']}" for one in found
        )
        return "; ".join(problems)
    return str(error)


def _where(error: Exception) -> str:
    """Return the file and line that an import failed at, in parentheses."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_file():
        return f" ({shown_path(error.filename)}, line {error.lineno})"
    frames: list[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    if isinstance(error, ValidationError):  # it is of who makes the config, not of pydantic
        frames = [one for one in frames if one.name == "<module>"] or frames
    # What imports a module says nothing about it.
    last = [one for one in frames if not one.filename.startswith("<frozen importlib")][-1]
    return f" ({shown_path(last.filename)}, line {last.lineno})"


def _only_one(
    place: str, module: ModuleType, kind: type[NamedT], found: dict[str, NamedT]
) -> NamedT:
    """Return the one that there is; what the module imports doesn't count beside its own."""
    own = {n: one for n, one in found.items() if _home_of(one) == module.__name__}
    candidates = own or found
    if len(set(map(id, candidates.values()))) == 1:
        return next(iter(candidates.values()))
    word = kind.__name__.lower()
    if not found:
        raise ConfigError(f"{place!r} holds no {word}. {_ADVICE[kind]}")
    raise ConfigError(
        f"{place!r} holds {len(candidates)} {word}s: {', '.join(candidates)}. Name one of them, "
        f"such as {place}:{next(iter(candidates))}."
    )


def _home_of(one: object) -> str | None:
    """Return the module that something was defined in, where it tells that."""
    return one.function.__module__ if isinstance(one, Pipeline) else None


def _no_such(
    place: str, module: ModuleType, kind: type, name: str, found: list[str]
) -> ConfigError:
    there = getattr(module, name, None)
    problem = (
        f"has no {name!r}"
        if there is None
        else f"has {name!r}, an object of type {type(there).__name__}"
    )
    word = kind.__name__.lower()
    known = f"it holds: {', '.join(found)}" if found else f"it holds none. {_ADVICE[kind][:-1]}"
    return ConfigError(f"{place!r} {problem}. Expected a {word}; {known}.", **{f"{word}s": found})
