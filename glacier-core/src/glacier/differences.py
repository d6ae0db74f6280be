"""Whether a thing is what it has to be, by what requests and a platform's answers say of it."""

import json
from collections.abc import Iterable, Mapping
from typing import cast


def is_empty(value: object) -> bool:
    """Return whether a setting says nothing, so that a request can leave it out."""
    if isinstance(value, Mapping):
        return all(is_empty(one) for one in value.values())
    return value is None or value == []


def is_met(wanted: object, found: object) -> bool:
    """Return whether all that is wanted is there; what is empty may as well be missing.

    The order of lists does not count, nor whether a number is told as `30` or `30.0`.
    """
    if isinstance(wanted, Mapping):
        known = found if isinstance(found, Mapping) else {}
        return all(is_met(value, known.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list):
        return _in_any_order(wanted) == _in_any_order(cast("list[object]", found or []))
    return wanted == found


def _in_any_order(values: Iterable[object]) -> list[str]:
    return sorted(_text_of(one) for one in values)


def _text_of(value: object) -> str:
    """Return a text that is the same for values that say the same."""
    if isinstance(value, Mapping):
        return json.dumps({str(name): _text_of(one) for name, one in value.items()}, sort_keys=True)
    if isinstance(value, list):
        return json.dumps(_in_any_order(value))
    is_whole = isinstance(value, float) and value.is_integer()
    return json.dumps(int(cast("float", value)) if is_whole else value, default=str)
