"""What a store has to offer so that an object can be uploaded part by part."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar


class MultipartObject(ABC):
    """One object under way to a store, under the very key that it will have.

    Nothing of it may be visible before `complete()` or `put()`, which replace what has the key in
    one step; an exclusive one is refused there where an object has the key already. Parts are
    numbered from 1, and several threads send them at a time, in the order of their numbers.

    Attributes:
        failures: What the store's client raises where a request fails.
    """

    failures: ClassVar[tuple[type[Exception], ...]]

    @abstractmethod
    def begin(self) -> None:
        """Tell the store of the upload, before the first part."""

    @abstractmethod
    def send(self, number: int, content: bytes) -> Any:  # Any: the store's own receipt
        """Send one part, and return what `complete()` has to know of it."""

    @abstractmethod
    def complete(self, parts: Sequence[Any]) -> None:
        """Make the object visible out of all its parts, in order.

        Args:
            parts: What `send()` has returned of each.
        """

    @abstractmethod
    def put(self, content: bytes) -> None:
        """Make an object visible that is small enough for one request; nothing was begun."""

    @abstractmethod
    def abort(self) -> None:
        """Give up what was begun, as far as the store can be told; raises nothing."""

    @abstractmethod
    def may_be_done(self, error: Exception) -> bool:
        """Return whether a request that failed can have made the object visible all the same.

        The answer to a first try may have been lost, and a second one finds it done.

        Args:
            error: One of `failures`, from `complete()` or `put()`.
        """

    @abstractmethod
    def is_ours(self) -> bool:
        """Return whether the object that has the key now was written by this very stage."""
