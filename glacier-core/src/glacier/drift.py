"""Where what is on a platform differs from what configs say of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from glacier.differences import is_met

EXISTENCE = "existence"
"""The setting of a thing that is not there at all."""

UNTOLD = "another value"
"""Stands for what is found where somebody may have put a secret."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that is not what it has to be.

    Attributes:
        thing: What it is a setting of, such as `bucket 'lake'`.
        setting: Its name, as the config's field or the platform's; dotted within mappings.
        wanted: What configs say.
        found: What is there; None for nothing.
    """

    thing: str
    setting: str
    wanted: object
    found: object

    def __str__(self) -> str:
        if self.setting == EXISTENCE:
            return f"{self.thing} is missing"
        return f"{self.thing}: {self.setting} is {self.found!r} and should be {self.wanted!r}"


def missing(thing: str) -> Difference:
    """Return the difference of a thing that is not there."""
    return Difference(thing, EXISTENCE, "there", None)


def differences(
    thing: str,
    wanted: Mapping[str, Any],  # Any: values of settings
    found: Mapping[str, Any],
) -> Iterator[Difference]:
    """Yield where settings differ; what is found beyond what is wanted does not count.

    Args:
        thing: What they are settings of.
        wanted: What configs say. A mapping among the values is looked into, key by key.
        found: What is there.
    """
    for name, value in wanted.items():
        actual = found.get(name)
        if isinstance(value, Mapping) and value and isinstance(actual, Mapping):
            for inner in differences(thing, value, actual):
                setting = f"{name}.{inner.setting}"
                yield Difference(thing, setting, inner.wanted, inner.found)
        elif not is_met(value, actual):
            yield Difference(thing, name, value, actual)


def variables(
    thing: str, setting: str, wanted: Mapping[str, str], found: Mapping[str, str]
) -> Iterator[Difference]:
    """Yield where environment variables differ; what others have put into them is not told.

    Args:
        thing: What they are variables of.
        setting: What they are called together.
        wanted: All that configs say.
        found: All that are there.
    """
    for name in sorted({*wanted, *found}):
        value, actual = wanted.get(name), found.get(name)
        if value != actual:
            told = None if actual is None else UNTOLD
            yield Difference(thing, f"{setting}.{name}", value, told)


def at_path(whole: Mapping[str, Any], path: str) -> Any:  # Any: JSON
    """Return what lies at a dotted path of names; None where nothing does."""
    found: Any = whole
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found
