"""The pending writes of a run, and which of them must, may and can't be settled now."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from glacier.engine.settle import Settlement
from glacier.engine.state import Attempt, RunState
from glacier.errors import StaleScanError
from glacier.resources.translation import FAILURES
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
    """

    write: Write
    attempt: Attempt
    place: str
    origins: frozenset[str]
    stage: Stage | None = None
    error: Exception | None = None

    def reads(self, places: Sequence[str]) -> bool:
        """Return whether its frame would read one of these places."""
        return any(overlaps(origin, place) for origin in self.origins for place in places)

    def discard(self) -> None:
        """Remove what is staged of it; what is committed is not staged any more."""
        if self.stage is not None:
            self.write.bucket.adapter.discard(self.stage)
            self.stage = None


class Ledger:
    """All pending writes of a run.

    Args:
        state: The run's state, whose lock guards the ledger too.
        most_joint: How many sinks are executed as one query at most.
        on_settled: Told of every attempt whose writes were settled, with the error or None.
    """

    def __init__(
        self,
        state: RunState,
        *,
        most_joint: int,
        on_settled: Callable[[Attempt, Exception | None], None],
    ) -> None:
        self.pending: list[PendingWrite] = []
        self.seconds = 0.0
        self._state = state
        self._most_joint = most_joint
        self._on_settled = on_settled

    def add(self, pending: PendingWrite) -> None:
        """Take over a write; rows that live in another library's memory are staged at once."""
        if pending.write.is_foreign:
            pending.stage, sink = pending.write.stage()
            try:
                sink.collect(engine="streaming")
            except FAILURES as error:
                pending.discard()
                raise pending.write.failed(error) from error
        with self._state.lock:
            self.pending.append(pending)

    def drop(self, attempt: Attempt | None = None) -> None:
        """Forget the writes of an attempt that failed; of all attempts where None."""
        with self._state.lock:
            dropped = [one for one in self.pending if attempt in (None, one.attempt)]
            self.pending = [one for one in self.pending if one not in dropped]
        for one in dropped:
            one.discard()

    def has(self, attempt: Attempt) -> bool:
        """Return whether an attempt has writes that are not settled."""
        return any(one.attempt is attempt for one in self.pending)

    def settle(
        self, is_needed: Callable[[PendingWrite], bool], by: Attempt | None = None
    ) -> list[PendingWrite]:
        """Execute and commit the writes that are needed, and others that can go with them.

        Args:
            is_needed: Which writes must be settled now.
            by: The attempt on whose behalf, so that its own writes count as ready.

        Returns:
            The writes that were settled; those that failed have their `error`.

        Raises:
            StaleScanError: A frame in the hands of `by` would read what is to be replaced.
        """
        with self._state.lock:
            batch = self._choose(is_needed, by)
            if not batch:
                return []
            started = time.perf_counter()
            self.pending = [one for one in self.pending if one not in batch]
            Settlement(self._state, batch, most_joint=self._most_joint).carry_out()
            self.seconds += time.perf_counter() - started
            self._tell(batch)
            return batch

    def _choose(
        self, is_needed: Callable[[PendingWrite], bool], by: Attempt | None
    ) -> list[PendingWrite]:
        """Return what to settle, after waiting for bodies that hold frames of its places."""
        while True:
            ready = [one for one in self.pending if one.attempt.is_over or one.attempt is by]
            chosen = _with_readers([one for one in ready if is_needed(one)], ready)
            places = [one.place for one in chosen]
            holders = [attempt for attempt in self._state.running if attempt.holds(places)]
            if not holders:
                break
            if by in holders or all(holder.is_waiting for holder in holders):
                raise _stale(by or holders[0], holders, places)
            self._wait(by)
        if not chosen:
            return []
        free = [one for one in ready if one in chosen or not self._is_held(one.place)]
        return _without_hazards(free, ready, chosen)

    def _wait(self, by: Attempt | None) -> None:
        if by is not None:
            by.is_waiting = True
        self._state.body_ended.wait()
        if by is not None:
            by.is_waiting = False

    def _is_held(self, place: str) -> bool:
        return any(attempt.holds([place]) for attempt in self._state.running)

    def _tell(self, batch: list[PendingWrite]) -> None:
        first_errors: dict[Attempt, Exception | None] = {}
        for one in batch:
            first_errors[one.attempt] = first_errors.get(one.attempt) or one.error
        for attempt, error in first_errors.items():
            if attempt.is_over and not self.has(attempt):
                self._on_settled(attempt, error)


def _with_readers(chosen: list[PendingWrite], ready: list[PendingWrite]) -> list[PendingWrite]:
    """Add the writes whose frames would read what the chosen ones replace, repeatedly."""
    while True:
        places = [one.place for one in chosen]
        more = [one for one in ready if one not in chosen and one.reads(places)]
        if not more:
            return chosen
        chosen = chosen + more


def _without_hazards(
    batch: list[PendingWrite], ready: list[PendingWrite], chosen: list[PendingWrite]
) -> list[PendingWrite]:
    """Leave out writes that would replace what a write outside the batch still has to read."""
    while True:
        outside = [one for one in ready if one not in batch]
        unsafe = [
            one
            for one in batch
            if one not in chosen and any(other.reads([one.place]) for other in outside)
        ]
        if not unsafe:
            return batch
        batch = [one for one in batch if one not in unsafe]


def _stale(who: Attempt, holders: list[Attempt], places: list[str]) -> StaleScanError:
    held = sorted({p for p in places if any(holder.holds([p]) for holder in holders)})
    return StaleScanError(
        f"Task {who.call.name!r} looks at a place whose pending write must be committed first, "
        f"while it holds a frame scanned earlier from {', '.join(held)}: that frame would "
        "silently read the new data. Use the frame that was written instead of scanning again, "
        "or do the second scan in a task of its own, with depends_on= the task that writes."
    )
