"""All resources of a provider at once: deployed in order, or compared with what is there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glacier.drift import Difference
from glacier.resources.bucket import Bucket

if TYPE_CHECKING:
    from glacier.provider import Provider
    from glacier.resources.base import Resource

_COLUMNS = ("what", "setting", "was", "is")


@dataclass(frozen=True, slots=True)
class Deployment:
    """What a deployment has changed.

    Attributes:
        changes: The differences that it found, and removed, in the order of the work.
    """

    changes: tuple[Difference, ...] = ()

    def __str__(self) -> str:
        if not self.changes:
            return "Nothing has changed."
        rows = [(one.thing, one.setting, one.found, one.wanted) for one in self.changes]
        return "\n".join(_aligned([_COLUMNS, *([str(cell) for cell in row] for row in rows)]))


def deploy_all(provider: "Provider") -> Deployment:
    """Deploy all resources of a provider, each where it differs; `Provider.deploy` has more."""
    changes: list[Difference] = []
    try:
        for resource in _in_order(provider):
            found = tuple(resource.drift())
            if found:
                resource.deploy()
            changes += found
    except BaseException as error:
        if changes:
            error.add_note(f"Deployed before that, and still there:\n{Deployment(tuple(changes))}")
        raise
    return Deployment(tuple(changes))


def drift_of(provider: "Provider") -> tuple[Difference, ...]:
    """Return where what is on the platform differs; `Provider.drift` has more."""
    return tuple(one for resource in _in_order(provider) for one in resource.drift())


def _in_order(provider: "Provider") -> "Iterator[Resource]":
    """Yield one resource for each thing on the platform, buckets first.

    Functions and jobs get rights on buckets, and travel through one. Two paths of a bucket are
    one bucket there.
    """
    seen = set[object]()
    resources = sorted(provider.get_resources(), key=lambda one: not isinstance(one, Bucket))
    for resource in resources:
        claims = provider.get_adapter(resource).claims()
        things = frozenset((one.kind, one.name) for one in claims) or id(resource)
        if things not in seen:
            seen.add(things)
            yield resource


def _aligned(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    table = [list(row) for row in rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(_COLUMNS))]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
