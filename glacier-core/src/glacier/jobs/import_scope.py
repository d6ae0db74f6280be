"""What resources answer to while a job's modules are imported: modules may look, not act.

A module that runs its pipeline when it is imported would do so again in every job that imports it,
and each of these runs would submit the job once more.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from glacier.errors import JobError

if TYPE_CHECKING:
    import polars as pl

    from glacier.resources.bucket import Bucket
    from glacier.resources.write import Write


class ImportScope:
    """Lets modules look at buckets while they are imported, and refuses every effect."""

    def scan(self, bucket: "Bucket", options: dict[str, Any]) -> "pl.LazyFrame":
        """Return the real lazy frame."""
        return bucket.scan_now(options)

    def read(self, bucket: "Bucket", options: dict[str, Any]) -> "pl.DataFrame":
        """Return the real data."""
        return bucket.read_now(options)

    def as_polars(self, frame: object) -> "pl.LazyFrame | None":  # noqa: ARG002
        """Leave it to the write."""
        return None

    def write(self, write: "Write") -> NoReturn:
        """Refuse."""
        self._refuse(f"write to {write.bucket!r}")

    def exists(self, bucket: "Bucket") -> bool | None:  # noqa: ARG002
        """Let the store answer."""
        return None

    def before_look(self, bucket: "Bucket") -> None:
        """Let the store answer."""

    def before_change(self, bucket: "Bucket", action: str) -> NoReturn:
        """Refuse."""
        self._refuse(f"{action} {bucket!r}")

    def before_replace(self, places: Sequence[str]) -> NoReturn:
        """Never asked: no run takes place here."""
        raise AssertionError(places)

    def after_replace(self, places: Sequence[str], where: str) -> NoReturn:  # noqa: ARG002
        """Never asked: no run takes place here."""
        raise AssertionError(places)

    def before_effect(self, action: str) -> NoReturn:
        """Refuse."""
        self._refuse(action)

    def _refuse(self, action: str) -> NoReturn:
        raise JobError(
            f"A module would {action} while a job imports it, as every job would again that needs "
            'the module. Do this below `if __name__ == "__main__":`, or in a function.'
        )
