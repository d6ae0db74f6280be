"""What buckets answer to while a pipeline's own function builds the graph."""

from typing import TYPE_CHECKING, Any, NoReturn

from glacier.errors import PipelineError
from glacier.storage import place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from glacier.resources.bucket import Bucket
    from glacier.resources.write import Write


class BuildScope:
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
        return bucket.scan_now(options)

    def read(self, bucket: "Bucket", options: dict[str, Any]) -> "pl.DataFrame":
        """Return the real data, for pipelines whose shape depends on it."""
        return bucket.read_now(options)

    def as_polars(self, frame: object) -> "pl.LazyFrame | None":  # noqa: ARG002
        """Leave it to the write."""
        return None

    def write(self, write: "Write") -> NoReturn:
        """Refuse: writes belong into tasks."""
        self._refuse(f"write to {write.bucket!r}")

    def exists(self, bucket: "Bucket") -> bool | None:  # noqa: ARG002
        """Let the store answer."""
        return None

    def before_look(self, bucket: "Bucket") -> None:
        """Let the store answer."""

    def before_change(self, bucket: "Bucket", action: str) -> NoReturn:
        """Refuse: changes belong into tasks."""
        self._refuse(f"{action} {bucket!r}")

    def before_replace(self, places: "Sequence[str]") -> NoReturn:
        """Never asked: no run takes place here."""
        raise AssertionError(places)

    def after_replace(self, places: "Sequence[str]", where: str) -> NoReturn:
        """Never asked: no run takes place here."""
        raise AssertionError(places, where)

    def before_effect(self, action: str) -> NoReturn:
        """Refuse: effects belong into tasks."""
        self._refuse(action)

    def _refuse(self, action: str) -> NoReturn:
        raise PipelineError(
            f"The function of pipeline {self._pipeline!r} tried to {action} itself. It only "
            "builds the graph, and runs for plan() and check() too. Do this in a task."
        )
