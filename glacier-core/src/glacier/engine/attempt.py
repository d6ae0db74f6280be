"""One attempt at a task's body, as the rest of the run sees it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from glacier.engine.result import TaskRun
from glacier.pipeline.graph import Call
from glacier.storage import overlaps

if TYPE_CHECKING:
    from glacier.errors import StaleScanError

NOWHERE: frozenset[str] = frozenset()


class Attempt:
    """One attempt at a task's body.

    Attributes:
        origins: The places that the frames in the body's hands would read.
        reading: The places that the body reads right now.
        is_over: Whether the body has ended or was given up; it may do nothing any more.
        waits_for: The attempts whose bodies have to let go of a place before this one goes on.
        write_error: Why the first of its writes that failed did so.
        stale: Why the frames in the body's hands must not be executed any more.
    """

    __slots__ = (
        "call",
        "is_over",
        "origins",
        "reading",
        "record",
        "stale",
        "waits_for",
        "write_error",
    )

    def __init__(self, call: Call, record: TaskRun) -> None:
        self.call = call
        self.record = record
        self.origins = NOWHERE
        self.reading: tuple[str, ...] = ()
        self.is_over = False
        self.waits_for: Sequence[Attempt] = ()
        self.write_error: Exception | None = None
        self.stale: StaleScanError | None = None

    def holds(self, places: Sequence[str]) -> bool:
        """Return whether the body, or a frame in its hands, would read one of these places."""
        held = (*self.origins, *self.reading)
        return any(overlaps(origin, place) for origin in held for place in places)
