"""The pending writes of a run, and which of them must, may and can't be settled now."""

import time
from collections.abc import Callable, Sequence
from threading import get_ident
from typing import TYPE_CHECKING

from glacier.engine.attempt import Attempt
from glacier.engine.pending import PendingWrite, with_readers, without_hazards
from glacier.engine.refusals import over, replaced_by_job, stale, waiting_in_a_circle
from glacier.engine.settle import Settlement, fail
from glacier.engine.settle_log import PlanTexts, Room, SettleLog
from glacier.engine.settled import SettleRun
from glacier.engine.state import RunState, places_read
from glacier.engine.threads import INTERRUPTIBLE_SECONDS
from glacier.errors import PipelineError
from glacier.resources.translation import FAILURES
from glacier.storage import overlaps

if TYPE_CHECKING:
    from glacier.scope import Scope


class Ledger:
    """All pending writes of a run.

    Args:
        state: The run's state, whose lock guards the ledger too.
        most_joint: How many sinks are executed as one query at most.
        on_settled: Told of every attempt whose writes were settled.
        surrounding: The task of another run in which this one runs, if any.

    Attributes:
        pending: The writes that are not yet committed; changed under the lock alone, and a
            write leaves it only when its settle is over.
        seconds: How long all settles took.
        settles: What is to be known of each.
    """

    def __init__(
        self,
        state: RunState,
        *,
        most_joint: int,
        on_settled: Callable[[Attempt], None],
        surrounding: "Scope | None" = None,
    ) -> None:
        self.pending: list[PendingWrite] = []
        self.seconds = 0.0
        self.settles: list[SettleRun] = []
        self._room = Room()
        self._plans = PlanTexts(self._room)
        self._state = state
        self._most_joint = most_joint
        self._on_settled = on_settled
        self._surrounding = surrounding
        self._batch: list[PendingWrite] = []

    def add(self, pending: PendingWrite) -> None:
        """Take over a write; rows that live in another library's memory are staged at once.

        Raises:
            WriteError: Those rows can't be staged.
            PipelineError: The task was given up meanwhile.
        """
        if pending.write.is_foreign:
            pending.stage, sink = pending.write.stage()
            try:
                sink.collect(engine="streaming")
            except FAILURES as error:
                pending.discard()
                raise pending.write.failed(error) from error
        with self._state.lock:
            if pending.attempt.stale is not None and not pending.write.is_foreign:
                raise pending.attempt.stale
            if not pending.attempt.is_over:
                self.pending.append(pending)
                return
        pending.discard()
        raise over(pending.attempt)

    def drop(self, attempt: Attempt | None = None) -> None:
        """Forget the writes of an attempt that failed; of all attempts where None.

        A settle that is under way removes what it has staged itself, when it ends.
        """
        with self._state.lock:
            while attempt is None and self._state.settling_thread not in {None, get_ident()}:
                self._state.settle_ended.wait(INTERRUPTIBLE_SECONDS)  # it commits nothing
            dropped = [one for one in self.pending if attempt in (None, one.attempt)]
            self.pending = [one for one in self.pending if one not in dropped]
            unused = [one for one in dropped if one not in self._batch]
        for one in unused:
            one.discard()

    def note_replaced(self, places: Sequence[str], where: str) -> None:
        """Fail the writes that would read places which a job has replaced.

        Args:
            places: What was replaced.
            where: The executor, for the error's text.
        """
        with self._state.lock:
            for one in self.pending:
                changed = [] if one.write.is_foreign else places_read(one.origins, places)
                if changed and one.error is None:
                    error = replaced_by_job(changed, where)
                    fail(one, error, culprit=one.attempt.call.name)
        if self._surrounding is not None:
            self._surrounding.after_replace(places, where)

    def note_settles(self, settles: Sequence[SettleRun], where: str) -> None:
        """Add the records of a job's settles to the run's, as far as there is room for them.

        Args:
            settles: The records.
            where: The executor.
        """
        with self._state.lock:
            for settle in settles:
                settle.executor = where
                self._room.fit(settle)
                self.settles.append(settle)

    def has(self, attempt: Attempt) -> bool:
        """Return whether an attempt has writes that are not settled."""
        return any(one.attempt is attempt for one in self.pending)

    def settle(
        self,
        is_needed: Callable[[PendingWrite], bool],
        by: Attempt | None = None,
        *,
        reason: str,
    ) -> list[PendingWrite]:
        """Execute and commit the writes that are needed, and others that can go with them.

        Args:
            is_needed: Which writes must be settled now.
            by: The attempt on whose behalf, so that its own writes count as ready.
            reason: What makes it happen, for the run's record.

        Returns:
            The writes that were settled; those that failed have their `error`.

        Raises:
            StaleScanError: A frame in the hands of `by` would read what is to be replaced, or
                waiting for the bodies that hold such frames would never end.
        """
        state = self._state
        with state.lock:
            if state.settling_thread == get_ident():
                return []  # a function in a frame that is being settled: it sees what is there
            batch = self._choose(is_needed, by)
            if not batch or state.is_given_up:
                return []
            started = time.perf_counter()
            record = SettleRun(reason, started - state.began, writes=[one.record for one in batch])
            self.settles.append(record)
            self._batch = batch
            state.settling_thread, state.settling = get_ident(), [one.place for one in batch]
        settlement = Settlement(
            state,
            batch,
            most_joint=self._most_joint,
            log=SettleLog(record, self._plans, self._room, state.began),
            surrounding=self._surrounding,
        )
        try:
            settlement.execute()
            with state.lock:
                if not state.is_given_up:
                    settlement.commit(set(self.pending))
        except BaseException as error:  # such as an interrupt: what is half done is not committed
            settlement.abandon(error)
            raise
        finally:
            with state.lock:
                try:
                    settlement.discard()
                finally:
                    record.duration_seconds = time.perf_counter() - started
                    self.seconds += record.duration_seconds
                    self._end(batch)
        return batch

    def _end(self, batch: list[PendingWrite]) -> None:
        """Take what was settled off the ledger, once all that is to be known of it is told."""
        members = set(batch)
        settled = [one for one in self.pending if one in members]  # others were dropped
        left = [one for one in self.pending if one not in members]
        try:
            self._tell(settled, left)
        finally:
            self.pending = [one for one in self.pending if one not in members]
            self._batch = []
            self._state.settling_thread, self._state.settling = None, []
            self._state.settle_ended.notify_all()

    def clear(self, place: str, by: Attempt) -> list[PendingWrite]:
        """Make a place ready to be changed by a body itself.

        Writes to it and from it are settled, other bodies that hold frames of it are waited
        for, and frames that still have consumers to come are kept.

        Returns:
            The writes to and from the place that were settled; those that failed have their
            `error`, and the frames are not kept then.

        Raises:
            StaleScanError: Waiting for the other bodies would never end.
            PipelineError: The body was given up meanwhile, or it is a function in a frame that
                is being settled.
        """
        if self._state.settling_thread == get_ident():
            raise PipelineError(
                f"A function in a frame of task {by.call.name!r} would delete or replace {place} "
                "while its writes are executed. Do that in the task itself."
            )
        if self._surrounding is not None:
            self._surrounding.before_replace([place])

        def concerns(one: PendingWrite) -> bool:
            return overlaps(one.place, place) or one.reads([place])

        settled: list[PendingWrite] = []
        while True:
            reason = f"{by.call.name} was to change {place}"
            settled += filter(concerns, self.settle(concerns, by, reason=reason))
            if any(one.error is not None for one in settled):
                return settled
            with self._state.lock:
                if by.is_over:
                    raise over(by)
                if any(concerns(one) for one in self.pending if one.attempt.is_over):
                    continue  # asked for meanwhile
                holders = [one for one in self._state.running if one.holds([place])]
                holders = [one for one in holders if one is not by]
                if not holders:
                    self._state.protect([place])
                    return settled
                self._wait(by, holders, [place])

    def _choose(
        self, is_needed: Callable[[PendingWrite], bool], by: Attempt | None
    ) -> list[PendingWrite]:
        """Return what to settle, after waiting for bodies that hold frames of its places."""
        while True:
            while self._state.settling_thread is not None:
                self._state.settle_ended.wait(INTERRUPTIBLE_SECONDS)
            ready = [one for one in self.pending if one.attempt.is_over or one.attempt is by]
            chosen = with_readers([one for one in ready if is_needed(one)], ready)
            places = [one.place for one in chosen]
            holders = [attempt for attempt in self._state.running if attempt.holds(places)]
            if not holders:
                break
            self._wait(by, holders, places)
        if not chosen:
            return []
        needed = set(chosen)
        free = [one for one in ready if one in needed or not self._is_held(one.place)]
        return without_hazards(free, ready, needed)

    def _wait(self, by: Attempt | None, holders: Sequence[Attempt], places: Sequence[str]) -> None:
        """Wait until a body has ended."""
        if by is None:  # the scheduler holds nothing that a body could wait for
            self._state.body_ended.wait(INTERRUPTIBLE_SECONDS)
            return
        if by in holders:
            raise stale(by, places)
        if self._is_awaited(by, holders):
            raise waiting_in_a_circle(by, holders)
        by.waits_for = holders
        try:
            self._state.body_ended.wait(INTERRUPTIBLE_SECONDS)
        finally:
            by.waits_for = ()

    def _is_awaited(self, by: Attempt, holders: Sequence[Attempt]) -> bool:
        """Return whether one of these bodies waits, at however many removes, for `by` to end."""
        found: set[Attempt] = set()
        stack = list(holders)
        while stack:
            attempt = stack.pop()
            if attempt is by:
                return True
            if attempt not in found and not attempt.is_over:
                found.add(attempt)
                stack.extend(attempt.waits_for)
        return False

    def _is_held(self, place: str) -> bool:
        return any(attempt.holds([place]) for attempt in self._state.running)

    def _tell(self, settled: list[PendingWrite], left: list[PendingWrite]) -> None:
        unsettled = {one.attempt for one in left}
        for attempt in dict.fromkeys(one.attempt for one in settled):
            if attempt.is_over and attempt not in unsettled:
                self._on_settled(attempt)
