"""The containers that handles and frames are looked for in: one walk, and one way to rebuild.

These are lists, tuples, dicts, named tuples and dataclasses, at any depth. Whatever else holds a
value keeps it out of sight.
"""

import copy
import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

_PLAIN = frozenset({type(None), bool, int, float, str, bytes})


def leaves(value: Any) -> Iterator[Any]:  # Any: arguments and results of users' functions
    """Yield what a value consists of, without the containers; the value itself if it is none."""
    kind = type(value)
    if kind is list or kind is tuple or _is_named_tuple(value):
        for part in value:
            yield from leaves(part)
    elif kind is dict:
        for part in value.values():
            yield from leaves(part)
    elif _is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name))
    else:
        yield value


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:  # Any: as above
    """Return a value with every leaf changed.

    Containers are rebuilt only where a leaf became another object, so that what needs no change
    stays the very object that it was.
    """
    kind = type(value)
    if kind in _PLAIN:
        return change(value)
    if kind is list or kind is tuple:
        parts = [mapped(part, change) for part in value]
        return value if _are_same(parts, value) else kind(parts)
    if kind is dict:
        parts = [mapped(part, change) for part in value.values()]
        return value if _are_same(parts, value.values()) else dict(zip(value, parts, strict=True))
    if _is_named_tuple(value):
        parts = [mapped(part, change) for part in value]
        return value if _are_same(parts, value) else kind._make(parts)
    if _is_dataclass(value):
        return _mapped_dataclass(value, change)
    return change(value)


def _mapped_dataclass(value: Any, change: Callable[[Any], Any]) -> Any:  # Any: as above
    old = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    new = {name: mapped(part, change) for name, part in old.items()}
    if _are_same(new.values(), old.values()):
        return value
    changed = copy.copy(value)
    for name, part in new.items():
        object.__setattr__(changed, name, part)  # not setattr: the class may be frozen
    return changed


def _are_same(parts: Any, others: Any) -> bool:  # Any: two iterables of anything
    return all(part is other for part, other in zip(parts, others, strict=True))


def _is_named_tuple(value: object) -> bool:
    return isinstance(value, tuple) and hasattr(value, "_fields")


def _is_dataclass(value: object) -> bool:
    return hasattr(type(value), "__dataclass_fields__")
