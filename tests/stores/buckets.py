"""What the tests of every store know of a bucket."""

from typing import Protocol


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
