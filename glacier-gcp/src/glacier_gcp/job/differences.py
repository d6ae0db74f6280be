"""What of a cluster is not as it has to be, by what Dataproc tells of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast


@dataclass(frozen=True, slots=True)
class Lack:
    """What is wanted and not there.

    Attributes:
        path: Where, dotted; names of properties have dots of their own.
        wanted: What is wanted.
        found: What is there instead.
    """

    path: str
    wanted: object
    found: object


def unmet(wanted: object, found: object, path: str = "", name: str = "") -> Iterator[Lack]:
    """Yield what is wanted and not there."""
    if isinstance(wanted, Mapping):
        known = found if isinstance(found, Mapping) else {}
        for inner, value in wanted.items():
            yield from unmet(value, known.get(inner), f"{path}.{inner}".lstrip("."), inner)
    elif not _is_met(name, wanted, found):
        yield Lack(path, wanted, found)


def _is_met(name: str, wanted: object, found: object) -> bool:
    """Return whether a field is as it is wanted; Dataproc tells of some more than it was told."""
    if isinstance(wanted, list):
        return all(one in cast("list[object]", found or []) for one in wanted)
    if name.endswith("Uri"):
        return found == wanted or str(found).endswith(f"/{wanted}")
    if name == "imageVersion":
        return _is_of_image(str(wanted), str(found))
    return wanted == found or (wanted is False and found is None)


def _is_of_image(wanted: str, found: str) -> bool:
    """Return whether an image is of those that a version stands for.

    Dataproc tells the whole version of what was asked for by a part of it: `2.2-debian12` is
    `2.2.31-debian12` then.
    """
    version, _, system = wanted.partition("-")
    there, _, its_system = found.partition("-")
    return f"{there}.".startswith(f"{version}.") and system in {"", its_system}
