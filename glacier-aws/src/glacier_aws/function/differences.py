"""Whether a Lambda function is what it has to be, by what its requests and AWS's answers say."""

from collections.abc import Mapping
from typing import Any, cast

_WHOLE = {"Environment", "Layers"}
"""Settings whose order counts, or in which nothing else may be."""


def is_empty(value: object) -> bool:
    """Return whether a setting says nothing, so that creating a function can leave it out."""
    if isinstance(value, Mapping):
        return all(is_empty(one) for one in value.values())
    return value is None or value == []


def is_set(name: str, wanted: object, found: Mapping[str, Any]) -> bool:
    """Return whether a function has a setting."""
    value = found.get(name)
    if name == "Layers":
        value = [layer["Arn"] for layer in value or ()]
    if name == "Environment":
        value = {"Variables": (value or {}).get("Variables", {})}
    return bool(wanted == value) if name in _WHOLE else is_met(wanted, value)


def is_met(wanted: object, found: object) -> bool:
    """Return whether all that is wanted is there; what is empty may as well be missing."""
    if isinstance(wanted, Mapping):
        known = found if isinstance(found, Mapping) else {}
        return all(is_met(value, known.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list):
        return sorted(map(str, wanted)) == sorted(map(str, cast("list[object]", found or [])))
    return wanted == found
