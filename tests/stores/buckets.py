"""What the tests of every store know of it and of a bucket there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from tests.rigs.proxy import Fault


class Objects(Protocol):
    """A new bucket, seen past Glacier."""

    name: str

    def put(self, key: str, body: bytes) -> None:
        """Write an object as somebody else would."""

    def keys(self) -> list[str]:
        """Return the keys of all objects."""

    def bodies(self) -> dict[str, bytes]:
        """Return what all objects hold, by key."""

    def uri(self, path: str) -> str:
        """Return the URI of a path in it."""

    def left_behind(self) -> list[str]:
        """Return what is there beside objects, and stays until somebody ends it."""


@dataclass(frozen=True)
class Words:
    """How a store talks.

    Attributes:
        busy: The code by which it sends callers away.
        denied: The code of what a caller may not do.
        refusals: Its answers `503`, `denied` and `expired`.
        requests: What tells its requests from others: any that `write`s, and of these one `part`,
            what `complete`s an object of parts and what `put`s one at once; to `list` objects, and
            to `delete` several.
    """

    busy: str
    denied: str
    refusals: Mapping[str, Fault]
    requests: Mapping[str, Mapping[str, Any]]
