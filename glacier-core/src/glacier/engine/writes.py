"""The pending writes of a run, and settling them: execute together, then commit."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from glacier.engine.blame import culprit_of
from glacier.engine.frames import FAILURES
from glacier.engine.joint import joint_groups
from glacier.engine.state import Attempt, RunState
from glacier.errors import PipelineError, StaleScanError, TaskError, TaskTimeoutError
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
            stage, sink = pending.write.stage()
            pending.stage = stage
            try:
                sink.collect(engine="streaming")
            except FAILURES as error:
                pending.write.bucket.adapter.discard(stage)
                raise pending.write.failed(error) from error
        with self._state.lock:
            self.pending.append(pending)

    def drop(self, attempt: Attempt | None = None) -> None:
        """Forget the writes of an attempt that failed; of all attempts where None."""
        with self._state.lock:
            dropped = [one for one in self.pending if attempt in (None, one.attempt)]
            self.pending = [one for one in self.pending if one not in dropped]
        for one in dropped:
            if one.stage is not None:
                one.write.bucket.adapter.discard(one.stage)

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
            try:
                self._execute(batch)
                self._commit(batch)
            finally:
                for one in batch:
                    if one.stage is not None:
                        one.write.bucket.adapter.discard(one.stage)
            self.seconds += time.perf_counter() - started
            self._tell(batch)
            return batch

    def _choose(
        self, is_needed: Callable[[PendingWrite], bool], by: Attempt | None
    ) -> list[PendingWrite]:
        """Return what to settle, after waiting for bodies that hold frames of its places."""
        while True:
            ready = [one for one in self.pending if one.attempt.is_over or one.attempt is by]
            chosen = self._with_readers([one for one in ready if is_needed(one)], ready)
            places = [one.place for one in chosen]
            holders = [attempt for attempt in self._state.running if attempt.holds(places)]
            if not holders:
                break
            if by in holders or all(holder.is_waiting for holder in holders):
                raise _stale(by, holders, places)
            if by is not None:
                by.is_waiting = True
            self._state.body_ended.wait()
            if by is not None:
                by.is_waiting = False
        if not chosen:
            return []
        extra = [one for one in ready if one not in chosen and not self._is_held(one.place)]
        rest = [one for one in ready if one not in chosen and one not in extra]
        while any(one.reads([other.place]) for one in rest for other in extra):
            held = [other for other in extra if any(one.reads([other.place]) for one in rest)]
            extra = [one for one in extra if one not in held]
            rest += held
        return [one for one in ready if one in chosen or one in extra]

    def _with_readers(
        self, chosen: list[PendingWrite], ready: list[PendingWrite]
    ) -> list[PendingWrite]:
        """Add the writes whose frames would read what the chosen ones replace, repeatedly."""
        while True:
            places = [one.place for one in chosen]
            more = [one for one in ready if one not in chosen and one.reads(places)]
            if not more:
                return chosen
            chosen = chosen + more

    def _is_held(self, place: str) -> bool:
        return any(attempt.holds([place]) for attempt in self._state.running)

    def _execute(self, batch: list[PendingWrite]) -> None:
        """Fill every stage: sinks that share work together, and after a failure one by one."""
        waiting: list[PendingWrite] = []
        sinks: list[pl.LazyFrame] = []
        for one in batch:
            if one.stage is None:
                try:
                    one.stage, sink = one.write.stage()
                except FAILURES as error:  # reported as this task's failure
                    self._fail(one, error)
                    continue
                waiting.append(one)
                sinks.append(sink)
        for group in joint_groups(sinks, most=self._most_joint):
            members = [waiting[index] for index in group]
            try:
                _collect([sinks[index] for index in group], _shortest_timeout(members))
            except FAILURES as error:  # tried again alone, then reported
                for member in members:
                    self._execute_alone(member, error if len(members) == 1 else None)

    def _execute_alone(self, one: PendingWrite, first_error: Exception | None) -> None:
        """Fill one stage, as often as its task allows; a failed stage is never used again."""
        task = one.attempt.call.task
        retries = task.retries if task is not None else 0
        if first_error is not None and retries == 0:
            self._fail(one, first_error)
            return
        from glacier.engine.retry import retrying

        spent = 0 if first_error is None else 1
        try:
            for attempt in retrying(task, spent=spent):
                with attempt:
                    self._fill_anew(one)
        except FAILURES as error:  # reported as this task's failure
            self._fail(one, error)

    def _fill_anew(self, one: PendingWrite) -> None:
        if one.stage is not None:
            one.write.bucket.adapter.discard(one.stage)
        one.stage, sink = one.write.stage()
        _collect([sink], _shortest_timeout([one]))

    def _commit(self, batch: list[PendingWrite]) -> None:
        """Make every filled stage visible, after what would still read the old data is safe."""
        filled = [one for one in batch if one.error is None]
        self._state.protect([one.place for one in filled])
        for one in filled:
            if one.stage is None:
                continue
            try:
                one.write.commit(one.stage)
            except FAILURES as error:  # reported as this task's failure
                self._fail(one, error)

    def _fail(self, one: PendingWrite, error: Exception) -> None:
        call = one.attempt.call
        shown = one.write.failed(error)
        culprit = culprit_of(self._state, call, error)
        blame = "" if culprit == call.name else f" The frame that fails is made by task {culprit!r}."
        kind = TaskTimeoutError if isinstance(error, TaskTimeoutError) else TaskError
        one.error = kind(
            f"Task {call.name!r} failed: {shown}{blame}", task=call.name, culprit=culprit
        )
        one.error.__cause__ = shown
        shown.__cause__ = shown.__cause__ or (error if shown is not error else None)

    def _tell(self, batch: list[PendingWrite]) -> None:
        first_errors: dict[Attempt, Exception | None] = {}
        for one in batch:
            first_errors[one.attempt] = first_errors.get(one.attempt) or one.error
        for attempt, error in first_errors.items():
            if attempt.is_over and not self.has(attempt):
                self._on_settled(attempt, error)


def _collect(sinks: list[pl.LazyFrame], timeout_seconds: float | None) -> None:
    """Execute sinks as one query.

    Raises:
        TaskTimeoutError: It took too long. Polars can't be stopped: it goes on writing to
            stages that nobody will use.
    """
    if timeout_seconds is None:
        pl.collect_all(sinks, engine="streaming")
        return
    errors: list[BaseException] = []

    def work() -> None:
        try:
            pl.collect_all(sinks, engine="streaming")
        except BaseException as error:  # noqa: BLE001 - raised again by the waiting thread
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True, name="glacier-settle")
    thread.start()
    thread.join(timeout_seconds)
    if thread.is_alive():
        raise TaskTimeoutError(f"its data took longer than timeout_seconds={timeout_seconds}")
    if errors:
        raise errors[0]


def _shortest_timeout(members: list[PendingWrite]) -> float | None:
    timeouts = [
        one.attempt.call.task.timeout_seconds
        for one in members
        if one.attempt.call.task is not None and one.attempt.call.task.timeout_seconds is not None
    ]
    return min(timeouts, default=None)


def _stale(by: Attempt | None, holders: list[Attempt], places: list[str]) -> PipelineError:
    who = (by or holders[0]).call.name
    held = sorted({p for p in places if any(holder.holds([p]) for holder in holders)})
    return StaleScanError(
        f"Task {who!r} looks at a place whose pending write must be committed first, while it "
        f"holds a frame scanned earlier from {', '.join(held)}: that frame would silently read "
        "the new data. Use the frame that was written instead of scanning again, or do the "
        "second scan in a task of its own, with depends_on= the task that writes."
    )
