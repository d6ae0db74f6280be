"""How a config's `overrides` change a platform's own request.

Those of a thing that is several things on its platform are given by what they belong to, such as
a type of Terraform: `{"azurerm_storage_account": {"min_tls_version": "TLS1_2"}}`.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any  # any field of any API

_PREFIX = "overrides/"


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


def checked_overrides(overrides: dict[str, Any], owners: Collection[str]) -> dict[str, Any]:
    """Return overrides by owner as they are, if each belongs to something.

    Raises:
        ValueError: One does not; it names what they can belong to.
    """
    for name, fields in overrides.items():
        if name not in owners or not isinstance(fields, Mapping):
            raise ValueError(
                f"overrides[{name!r}] belongs to nothing that Glacier makes; expected a "
                f"mapping of fields under one of {', '.join(owners)}"
            )
    return overrides


def claimed_overrides(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Return overrides as fields of a claim, so that two of one field can contradict."""
    return {f"{_PREFIX}{path}": value for path, value in _leaves(overrides)}


def overrides_in(claimed: Mapping[str, Any]) -> dict[str, Any]:
    """Return the overrides among the fields of claims as they were given."""
    found: dict[str, Any] = {}
    for key, value in claimed.items():
        if key.startswith(_PREFIX):
            *parents, name = key.removeprefix(_PREFIX).split("/")
            fields = found
            for parent in parents:
                fields = fields.setdefault(parent, {})
            fields[name] = value
    return found


def _leaves(fields: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in fields.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, f"{path}{name}/")
        else:
            yield f"{path}{name}", value
