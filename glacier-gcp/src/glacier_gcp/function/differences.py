"""What has to change in a Cloud Function, by what is wanted and what Google says of it."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from glacier_gcp.function.request import (
    FILLED,
    GOOGLES_VARIABLES,
    PACKAGE_LABEL,
    SETTINGS_LABEL,
)

Body = Mapping[str, Any]

VARIABLES = "environmentVariables"
_SECTIONS = ("buildConfig", "serviceConfig")
_NEVER_FILLED = ("vpcConnector",)
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)([MG])i?B?")


def changed_fields(wanted: Body, found: Body) -> list[str]:
    """Return the paths of what differs, as an update's mask has them; labels aside.

    Args:
        wanted: The function as it has to be.
        found: The function as it is, with the defaults of what it has not set.
    """
    return [_in_proto(path) for path in changed_settings(wanted, found)]


def changed_settings(wanted: Body, found: Body) -> list[str]:
    """Return the paths of what differs, as REST has them; labels aside."""
    paths = [
        name
        for name, value in wanted.items()
        if name not in {"labels", *_SECTIONS} and found.get(name) != value
    ]
    for section in _SECTIONS:
        paths += [f"{section}.{name}" for name in _changed(wanted, found, section)]
    return paths


def labels_for(wanted: Body, found: Body, digest: str) -> dict[str, str]:
    """Return a function's labels before its code is what it has to be: others' labels stay.

    That of the code stays too, if it is of this code: whatever becomes of an update, the function
    is not to be taken for one that runs what it does not.
    """
    labels = {**found.get("labels", {}), **wanted["labels"]}
    if labels.get(PACKAGE_LABEL, digest) != digest:
        del labels[PACKAGE_LABEL]
    return labels


def variables_beside_googles(wanted: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that are there but for Google's own; one that is wanted is not."""
    own = GOOGLES_VARIABLES.difference(wanted)
    return {name: value for name, value in found.items() if name not in own}


def _changed(wanted: Body, found: Body, section: str) -> Iterator[str]:
    now, then = wanted.get(section, {}), found.get(section, {})
    for name, value in now.items():
        if name == VARIABLES:
            is_same = value == variables_beside_googles(value, then.get(name) or {})
        else:
            is_same = _comparable(name, value) == _comparable(name, then.get(name))
        if not is_same:
            yield name
    if section == "serviceConfig":
        known = found.get("labels", {}).get(SETTINGS_LABEL, "").split("-")
        filled = [name for name, label in FILLED.items() if label in known]
        yield from (one for one in (*_NEVER_FILLED, *filled) if then.get(one) and one not in now)


def _comparable(name: str, value: object) -> object:
    """Return a setting in one of the ways to say it: 1G is 1024M."""
    memory = _MEMORY.fullmatch(str(value)) if name == "availableMemory" else None
    if memory is None:
        return value
    return float(memory[1]) * (1024 if memory[2] == "G" else 1)


def _in_proto(path: str) -> str:
    return re.sub(r"[A-Z]", lambda found: f"_{found[0].lower()}", path)
