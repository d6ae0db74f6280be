"""What buckets answer to while a pipeline's own function builds the graph."""

from typing import TYPE_CHECKING, Any, NoReturn

from glacier.errors import PipelineError
from glacier.scope import LookingScope
from glacier.storage import place_of

if TYPE_CHECKING:
    import polars as pl

    from glacier.resources.bucket import Bucket


class BuildScope(LookingScope):
    """Lets the pipeline's function look at buckets, and leaves every change to tasks.

    The function runs whenever the graph is asked for, also by `plan()` and `check()`.

    Attributes:
        scanned: The places that the function has scanned.
    """

    def __init__(self, pipeline: str) -> None:
        self._pipeline = pipeline
        self.scanned: set[str] = set()

    def has_lineage(self, value: object) -> bool:
        """Return whether a value may be, or be derived from, a frame that was scanned here."""
        return bool(self.scanned) and type(value).__name__ == "LazyFrame"

    def scan(self, bucket: "Bucket", options: dict[str, Any]) -> "pl.LazyFrame":
        """Return the real lazy frame, and remember where it comes from."""
        self.scanned.add(place_of(bucket.adapter.location()))
        return super().scan(bucket, options)

    def refuse(self, action: str) -> NoReturn:
        """Raise the error that says where changes belong."""
        raise PipelineError(
            f"The function of pipeline {self._pipeline!r} tried to {action} itself. It only "
            "builds the graph, and runs for plan() and check() too. Do this in a task."
        )
