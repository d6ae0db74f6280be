"""What of a cluster is not as it has to be, by what Dataproc tells of it."""

from collections.abc import Iterator, Mapping
from typing import cast


def unmet(wanted: object, found: object, path: str = "") -> Iterator[str]:
    """Yield the paths of what is wanted and not there."""
    if isinstance(wanted, Mapping):
        known = found if isinstance(found, Mapping) else {}
        for name, value in wanted.items():
            yield from unmet(value, known.get(name), f"{path}.{name}".lstrip("."))
    elif not _is_met(path.rpartition(".")[2], wanted, found):
        yield path


def _is_met(name: str, wanted: object, found: object) -> bool:
    """Return whether a field is as it is wanted; Dataproc tells of some more than it was told."""
    if isinstance(wanted, list):
        return all(one in cast("list[object]", found or []) for one in wanted)
    if name.endswith("Uri"):
        return found == wanted or str(found).endswith(f"/{wanted}")
    if name == "imageVersion":
        return found == wanted or str(found).startswith((f"{wanted}.", f"{wanted}-"))
    return wanted == found or (wanted is False and found is None)
