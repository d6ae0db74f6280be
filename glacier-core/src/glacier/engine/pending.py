"""One write that a run has yet to carry out, and which writes have to go together."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from glacier.engine.attempt import Attempt
from glacier.engine.settled import WriteRun
from glacier.resources.write import Write
from glacier.storage import Stage, overlaps


@dataclass(slots=True, eq=False)
class PendingWrite:
    """A write that a task has asked for and that is not executed yet.

    Attributes:
        place: Where it goes.
        origins: The places that its frame would read.
        stage: What is already written of it; only rows of other libraries are, at once,
            since their memory may change.
        error: Why it failed, after a settle.
        record: What the run remembers of it.
    """

    write: Write
    attempt: Attempt
    place: str
    origins: frozenset[str]
    stage: Stage | None = None
    error: Exception | None = None
    record: WriteRun = field(init=False)

    def __post_init__(self) -> None:
        bucket, mode = self.write.bucket, self.write.request.mode
        self.record = WriteRun(self.attempt.call.name, bucket.get_uri(), mode)

    def reads(self, places: Sequence[str]) -> bool:
        """Return whether its frame would read one of these places."""
        return any(overlaps(origin, place) for origin in self.origins for place in places)

    def discard(self) -> None:
        """Remove what is staged of it; what is committed is not staged any more."""
        if self.stage is not None:
            self.write.bucket.adapter.discard(self.stage)
            self.stage = None


def with_readers(chosen: list[PendingWrite], ready: list[PendingWrite]) -> list[PendingWrite]:
    """Add the writes whose frames would read what the chosen ones replace, repeatedly."""
    while chosen:
        places, known = [one.place for one in chosen], set(chosen)
        more = [one for one in ready if one not in known and one.reads(places)]
        if not more:
            break
        chosen = chosen + more
    return chosen


def without_hazards(
    batch: list[PendingWrite], ready: list[PendingWrite], needed: set[PendingWrite]
) -> list[PendingWrite]:
    """Leave out writes that would replace what a write outside the batch still has to read."""
    while True:
        inside = set(batch)
        outside = [one for one in ready if one not in inside]
        safe = [
            one
            for one in batch
            if one in needed or not any(other.reads([one.place]) for other in outside)
        ]
        if len(safe) == len(batch):
            return batch
        batch = safe
