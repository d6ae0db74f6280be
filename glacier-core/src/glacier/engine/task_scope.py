"""What buckets answer to inside a task of a run: writes wait, reads see what was written."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import get_ident
from typing import TYPE_CHECKING, Any

from glacier.engine.attempt import Attempt
from glacier.engine.pending import PendingWrite
from glacier.engine.refusals import over
from glacier.engine.result import TaskRun
from glacier.engine.state import RunState
from glacier.engine.threads import INTERRUPTIBLE_SECONDS
from glacier.engine.writes import Ledger
from glacier.errors import PipelineError
from glacier.pipeline.graph import Call
from glacier.storage import overlaps, place_of

if TYPE_CHECKING:
    import polars as pl

    from glacier.engine.convert import Conversion
    from glacier.resources.bucket import Bucket
    from glacier.resources.write import Write


class TaskScope(Attempt):
    """One attempt at a task's body, as the buckets in that body see it."""

    __slots__ = ("_conversion", "_ledger", "_state")

    def __init__(
        self,
        call: Call,
        record: TaskRun,
        state: RunState,
        ledger: Ledger,
        conversion: "Conversion | None" = None,
    ) -> None:
        super().__init__(call, record)
        self._state = state
        self._ledger = ledger
        self._conversion = conversion

    def scan(self, bucket: "Bucket", options: dict[str, Any]) -> "pl.LazyFrame":
        """Return the real lazy frame, once pending writes to its place are committed."""
        place = self._before_reading(bucket)
        # Held before the frame exists: a settle in between would replace what it was made for.
        with self._unsettled(place):
            self.origins = self.origins | {place}
        return bucket.scan_now(options)

    def read(self, bucket: "Bucket", options: dict[str, Any]) -> "pl.DataFrame":
        """Return the real data, once pending writes to its place are committed."""
        place = self._before_reading(bucket)
        with self._unsettled(place):
            self.reading += (place,)
        try:
            rows = bucket.read_now(options)
            self.record.rows_read += ((bucket.get_uri(), rows.height),)
            return rows
        finally:
            with self._state.lock:
                at = self.reading.index(place)
                self.reading = self.reading[:at] + self.reading[at + 1 :]
                self._state.body_ended.notify_all()

    def as_polars(self, frame: object) -> "pl.LazyFrame | None":
        """Have Spark's workers write a frame to where Polars reads it."""
        return None if self._conversion is None else self._conversion.as_polars(frame)

    def write(self, write: "Write") -> None:
        """Keep the write for the next settle, unless its mode says there is nothing to do."""
        self._refuse_if_over()
        if write.request.mode in {"error", "ignore"}:
            self.exists(write.bucket)
            if not write.is_needed:
                return
        place = place_of_bucket(write.bucket)
        self.record.writes += (write.bucket.get_uri(),)
        self._ledger.add(PendingWrite(write, self, place, self.origins))

    def exists(self, bucket: "Bucket") -> bool | None:
        """Commit pending writes to the place; True where its own write is the only news."""
        self._refuse_if_over()
        place = place_of_bucket(bucket)
        own = [one for one in self._ledger.pending if one.attempt is self]
        if self.holds([place]) and any(one.place == place for one in own):
            return True
        self._settle(place, bucket)
        return None

    def before_look(self, bucket: "Bucket") -> None:
        """Commit pending writes to the place."""
        self._refuse_if_over()
        self._settle(place_of_bucket(bucket), bucket)

    def before_change(self, bucket: "Bucket", action: str) -> None:
        """Commit pending writes to and from the place, and keep what others still need of it."""
        self._refuse_if_over()
        place = place_of_bucket(bucket)
        self._clear(place, bucket.get_uri(), action)

    def before_replace(self, places: Sequence[str]) -> None:
        """Keep what others still need of places that a run inside this body replaces."""
        self._refuse_if_over()
        for place in places:
            self._clear(place, place, "replace")

    def after_replace(self, places: Sequence[str], where: str) -> None:
        """Have nobody read through an old plan what a job of a run inside this body replaced."""
        with self._state.lock:
            self._state.note_replaced(places, where)
            self._ledger.note_replaced(places, where)

    def before_effect(self, action: str) -> None:
        """Commit what is pending, so that a function, a job or another run finds it.

        Left pending are writes that would replace what a frame in the body's hands has yet to
        read.
        """
        self._refuse_if_over()
        if self._state.settling_thread == get_ident():
            raise PipelineError(
                f"A function in a frame would {action} while the frame is being written. Do "
                "this in a task."
            )
        if self._ledger.pending:
            self._ledger.settle(
                lambda one: not self.holds([one.place]),
                self,
                reason=f"{self.call.name} was to {action}",
            )
        if self.write_error is not None:
            raise PipelineError(
                f"The task would {action}, and a write that it made before failed: "
                f"{self.write_error.__cause__}"
            ) from self.write_error

    def _clear(self, place: str, shown: str, action: str) -> None:
        errors = (one.error for one in self._ledger.clear(place, self))
        error = next((one for one in errors if one is not None), None)
        if error is not None:
            raise PipelineError(
                f"{shown} is left as it is: the task would {action} it, and a pending "
                f"write to or from it failed: {error.__cause__}"
            ) from error
        self._state.replaced.append(place)

    def _before_reading(self, bucket: "Bucket") -> str:
        self._refuse_if_over()
        place = place_of_bucket(bucket)
        self._settle(place, bucket)
        self.record.reads += (bucket.get_uri(),)
        return place

    @contextmanager
    def _unsettled(self, place: str) -> Iterator[None]:
        """Hold the run's lock at a moment in which no other thread replaces the place."""
        state = self._state
        with state.lock:
            while state.settling_thread not in {None, get_ident()} and any(
                overlaps(place, one) for one in state.settling
            ):
                state.settle_ended.wait(INTERRUPTIBLE_SECONDS)
            self._refuse_if_over()
            yield

    def _settle(self, place: str, bucket: "Bucket") -> None:
        if not self._ledger.pending:
            return
        settled = self._ledger.settle(
            lambda one: overlaps(one.place, place),
            self,
            reason=f"{self.call.name} looks at {bucket.get_uri()}",
        )
        for one in settled:
            if one.error is not None and overlaps(one.place, place):
                raise PipelineError(
                    f"{bucket.get_uri()} was about to be read, and its pending write failed: "
                    f"{one.error.__cause__}"
                ) from one.error

    def _refuse_if_over(self) -> None:
        if self.is_over:
            raise over(self)


def place_of_bucket(bucket: "Bucket") -> str:
    """Return the key under which a bucket's path is tracked; tables are directories."""
    place = place_of(bucket.adapter.location())
    return f"{place}/" if bucket.is_table and not place.endswith("/") else place
