"""All resources of a provider at once: deployed in order, or compared with what is there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glacier.drift import Difference
from glacier.resources.bucket import Bucket
from glacier.resources.serverless import Serverless

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
        return "\n".join(
            _aligned([_COLUMNS, *([_on_one_line(cell) for cell in row] for row in rows)])
        )


def deploy_all(provider: "Provider") -> Deployment:
    """Deploy what differs of a provider's resources, and functions; `Provider.deploy` has more."""
    changes: list[Difference] = []
    try:
        for resource in _in_order(provider):
            found = tuple(resource.drift())
            # A function's rights follow the buckets of its provider, and are not compared.
            if found or isinstance(resource, Serverless):
                resource.deploy()
            changes += found
    except BaseException as error:
        if changes:
            error.add_note(f"Deployed before that, and still there:\n{Deployment(tuple(changes))}")
        raise
    return Deployment(tuple(changes))


def drift_of(provider: "Provider") -> tuple[Difference, ...]:
    """Return where what is on the platform differs; `Provider.drift` has more."""
    told: list[Difference] = []
    for resource in _in_order(provider):
        # Two containers of a storage account both tell of the account.
        told += [one for one in resource.drift() if one not in told]
    return tuple(told)


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


def _on_one_line(cell: object) -> str:
    return str(cell).replace("\n", "\\n")


def _aligned(rows: Iterable[Iterable[str]]) -> Iterator[str]:
    table = [list(row) for row in rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(_COLUMNS))]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
