"""How a resource knows that it is used inside a task: the scope that surrounds it.

The engine sets a scope around every task body. Resources ask for it and let it decide, so
that a write can be deferred and a dry run can answer with empty frames, while resources
themselves know no engine.
"""

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Protocol

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


current_scope: ContextVar[Scope | None] = ContextVar("glacier_scope", default=None)
