"""The distributions that a job needs besides what travels, pinned to the caller's versions."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import (
    Distribution,
    PackageNotFoundError,
    distribution,
    packages_distributions,
)

BASE = ("polars", "pydantic", "pluggy", "fsspec", "cloudpickle", "tenacity")
"""What Glacier's own sources import wherever a job runs."""

CORE = "glacier-core"
_PROVIDED_BY_SPARK = {"pyspark", "py4j"}
_SPARK_BASE = ("narwhals", "pyarrow")


def pins(
    modules: Iterable[str],
    *,
    formats: Iterable[str] = (),
    plugins: Iterable[Distribution] = (),
    engine: str = "python",
    base: Iterable[str] = BASE,
) -> tuple[str, ...]:
    """Return what has to be importable where a job runs, such as `polars==2.1.0`, sorted.

    Args:
        modules: Top-level modules that what travels imports from distributions.
        formats: Formats of the buckets that travel.
        plugins: Plugins of Glacier whose sources travel and are used.
        engine: What the executor offers; Spark brings its own Python package.
        base: Distributions that are needed in any case.
    """
    names = {*base, *(_SPARK_BASE if engine == "spark" else ())}
    for top in modules:
        names.update(distributions_of(top))
    names.update(_extras_of(CORE, frozenset(formats)))
    for plugin in plugins:
        names.update(_requirements_of(plugin))
    skipped = _PROVIDED_BY_SPARK if engine == "spark" else set()
    return _pinned({normal_name(name) for name in names} - skipped)


def pins_below(pinned: Iterable[str]) -> tuple[str, ...]:
    """Return pins of all that some pinned distributions need in turn, as it is installed here.

    Requirements for other platforms and of extras are followed too, so that this is more than
    what has to be installed: constraints for an installer.
    """
    seen: set[str] = set()
    pending = [name_in(pin) for pin in pinned]
    while pending:
        name = normal_name(pending.pop())
        if name in seen or _version_of(name) is None:
            continue
        seen.add(name)
        pending += [name_in(line) for line in distribution(name).requires or []]
    return _pinned(seen)


def name_in(requirement: str) -> str:
    """Return the distribution that a requirement such as `polars>=2.1` names."""
    return re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]


def normal_name(name: str) -> str:
    """Return the one spelling of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions_of(top: str) -> list[str]:
    """Return the distributions that a top-level module comes from."""
    # The usual case, without reading the file lists of all that is installed.
    if _version_of(top) is not None:
        return [top]
    return _distributions_by_module().get(top, [])


def distribution_files(top: str) -> list[str]:
    """Return the files of the distributions that a top-level module comes from."""
    return [str(file) for name in distributions_of(top) for file in distribution(name).files or ()]


@cache
def _distributions_by_module() -> dict[str, list[str]]:
    return {module: list(names) for module, names in packages_distributions().items()}


def _extras_of(name: str, extras: frozenset[str]) -> Iterator[str]:
    """Yield what a distribution needs for some of its extras: formats are called like theirs."""
    try:
        lines = distribution(name).requires or []
    except PackageNotFoundError:
        return
    for line in lines:
        found = re.search(r"extra *== *['\"]([^'\"]+)", line)
        if found and found[1] in extras:
            yield name_in(line)


def _requirements_of(plugin: Distribution) -> Iterator[str]:
    for line in plugin.requires or []:
        name = name_in(line)
        if "extra ==" not in line and not normal_name(name).startswith("glacier"):
            yield name


def _pinned(names: Iterable[str]) -> tuple[str, ...]:
    versions = ((name, _version_of(name)) for name in sorted(names))
    return tuple(f"{name}=={version}" for name, version in versions if version is not None)


@cache
def _version_of(name: str) -> str | None:
    try:
        return distribution(name).version
    except PackageNotFoundError:
        return None
