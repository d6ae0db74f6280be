"""How a config's `overrides` change a platform's own request."""

from collections.abc import Mapping
from typing import Any  # any field of any API


def overridden(fields: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with overrides merged in, mappings key by key; None takes a field away."""
    found = dict(fields)
    for key, value in overrides.items():
        if value is None:
            found.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(found.get(key), Mapping):
            found[key] = overridden(found[key], value)
        else:
            found[key] = value
    return found
