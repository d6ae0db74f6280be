"""How a resource knows that it is used inside a task: the scope that surrounds it.

The engine sets a scope around every task body. Resources ask for it and let it decide, so
that a write can be deferred and a dry run can answer with empty frames, while resources
themselves know no engine.
"""

from abc import ABC, abstractmethod
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from glacier.resources.bucket import Bucket
    from glacier.resources.write import Write


class Scope(Protocol):
    """What resources hand over while a task is on the stack."""

    def scan(self, bucket: "Bucket", options: dict[str, Any]) -> "pl.LazyFrame":
        """Return the frame that the task gets for `bucket.scan(**options)`."""

    def read(self, bucket: "Bucket", options: dict[str, Any]) -> "pl.DataFrame":
        """Return the frame that the task gets for `bucket.read(**options)`."""

    def as_polars(self, frame: object) -> "pl.LazyFrame | None":
        """Return a Spark frame as one of Polars; None where that is not this scope's business."""

    def write(self, write: "Write") -> None:
        """Take over a write."""

    def exists(self, bucket: "Bucket") -> bool | None:
        """Make pending writes visible before the task asks whether something is there.

        Returns:
            The answer, where the scope knows better than the store; else None.
        """

    def before_look(self, bucket: "Bucket") -> None:
        """Make pending writes visible before the task looks at a place by itself."""

    def before_change(self, bucket: "Bucket", action: str) -> None:
        """Prepare for, or refuse, a change that the task makes to a place by itself."""

    def before_replace(self, places: "Sequence[str]") -> None:
        """Prepare for a run inside the task that is about to replace what these places hold."""

    def after_replace(self, places: "Sequence[str]", where: str) -> None:
        """Take note that a job of a run inside the task has replaced what these places hold."""

    def before_effect(self, action: str) -> None:
        """Prepare for, or refuse, an effect outside any bucket (deploy, invoke, submit, run)."""


class LookingScope(ABC):
    """Lets code look at buckets, and refuses whatever changes anything."""

    def scan(self, bucket: "Bucket", options: dict[str, Any]) -> "pl.LazyFrame":
        """Return the real lazy frame."""
        return bucket.scan_now(options)

    def read(self, bucket: "Bucket", options: dict[str, Any]) -> "pl.DataFrame":
        """Return the real data."""
        return bucket.read_now(options)

    def as_polars(self, frame: object) -> "pl.LazyFrame | None":  # noqa: ARG002
        """Leave it to the write, which is refused."""
        return None

    def write(self, write: "Write") -> NoReturn:
        """Refuse."""
        self.refuse(f"write to {write.bucket!r}")

    def exists(self, bucket: "Bucket") -> bool | None:  # noqa: ARG002
        """Let the store answer."""
        return None

    def before_look(self, bucket: "Bucket") -> None:  # noqa: B027 - nothing is to be done
        """Let the store answer."""

    def before_change(self, bucket: "Bucket", action: str) -> NoReturn:
        """Refuse."""
        self.refuse(f"{action} {bucket!r}")

    def before_replace(self, places: "Sequence[str]") -> NoReturn:
        """Never asked: no run takes place here."""
        raise AssertionError(places)

    def after_replace(self, places: "Sequence[str]", where: str) -> NoReturn:  # noqa: ARG002
        """Never asked: no run takes place here."""
        raise AssertionError(places)

    def before_effect(self, action: str) -> NoReturn:
        """Refuse."""
        self.refuse(action)

    @abstractmethod
    def refuse(self, action: str) -> NoReturn:
        """Raise the error that says why this is no place for an action."""


current_scope: ContextVar[Scope | None] = ContextVar("glacier_scope", default=None)
