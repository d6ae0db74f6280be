"""Settling writes: fill every stage, make what reads the old data safe, then commit."""

import threading
from typing import TYPE_CHECKING

import polars as pl

from glacier.engine.blame import culprit_of
from glacier.engine.joint import joint_groups
from glacier.engine.state import RunState
from glacier.errors import TaskError, TaskTimeoutError
from glacier.resources.translation import FAILURES

if TYPE_CHECKING:
    from collections.abc import Collection

    from glacier.engine.pending import PendingWrite
    from glacier.engine.settle_log import SettleLog
    from glacier.scope import Scope


class Settlement:
    """One settle of one batch of writes.

    Nothing is committed before everything has been tried, so that no sink of the batch reads
    what another one has just replaced. A write that fails leaves its target as it was and has
    its `error` set; the others are committed.

    Args:
        state: The run's state; its lock is held by `commit` alone, so that bodies go on while
            queries run.
        batch: The writes, in the order in which they were asked for.
        most_joint: How many sinks are executed as one query at most.
        log: Takes note of what is executed.
        surrounding: The task of another run in which this one runs; it may still need what is
            replaced.
    """

    def __init__(
        self,
        state: RunState,
        batch: "list[PendingWrite]",
        *,
        most_joint: int,
        log: "SettleLog",
        surrounding: "Scope | None" = None,
    ) -> None:
        self._surrounding = surrounding
        self._log = log
        self._state = state
        self._batch = batch
        self._most_joint = most_joint
        self._committed: set[PendingWrite] = set()

    def execute(self) -> None:
        """Fill every stage: sinks that share work together, and after a failure one by one.

        A surrounding task keeps what its run still needs then, without this run's lock, since it
        may have to wait for other bodies of its run.
        """
        members, sinks = self._staged()
        for group in joint_groups(sinks, most=self._most_joint):
            together = [members[index] for index in group]
            try:
                self._collect(together, [sinks[index] for index in group])
            except FAILURES as error:
                for one in together:
                    self._execute_alone(one, _own(one, error) if len(together) == 1 else None)
        self._ask_surrounding()
        for one in self._batch:
            if one.stage is not None and one.error is None:
                self._log.filled(one.record, one.stage, one.write.rows)

    def _collect(self, members: "list[PendingWrite]", sinks: list[pl.LazyFrame]) -> None:
        with self._log.query([one.record.uri for one in members], sinks):
            _collect(sinks, _shortest_timeout(members))

    def _ask_surrounding(self) -> None:
        filled = [one for one in self._batch if one.error is None]
        if self._surrounding is None or not filled:
            return
        try:
            self._surrounding.before_replace([one.place for one in filled])
        except FAILURES as error:
            for one in filled:
                self._fail(one, error, culprit=one.attempt.call.name)

    def abandon(self, error: BaseException) -> None:
        """Fail every write that is not committed, because of what is no mere failure."""
        for one in self._batch:
            if one.error is None and one not in self._committed:
                self._fail(one, error, culprit=one.attempt.call.name)

    def _staged(self) -> "tuple[list[PendingWrite], list[pl.LazyFrame]]":
        """Return the writes that are yet to be executed, and their sinks into new stages."""
        members, sinks = [], []
        for one in self._batch:
            if one.stage is not None or one.error is not None:
                continue  # its rows were staged when it was asked for, or it can't be executed
            try:
                one.stage, sink = one.write.stage()
            except FAILURES as error:
                self._fail(one, error)
            else:
                members.append(one)
                sinks.append(sink)
        return members, sinks

    def _execute_alone(self, one: "PendingWrite", first_error: BaseException | None) -> None:
        """Fill one stage, as often as its task allows; a failed stage is never used again."""
        task = one.attempt.call.task
        spent = 0 if first_error is None else 1
        if first_error is not None and (task is None or task.retries == 0):
            self._fail(one, first_error)
            return
        from glacier.engine.retry import retrying

        try:
            for attempt in retrying(task, spent=spent):
                with attempt:
                    one.discard()
                    one.stage, sink = one.write.stage()
                    self._collect([one], [sink])
        except FAILURES as error:
            self._fail(one, _own(one, error))

    def discard(self) -> None:
        """Remove what is staged and was not committed."""
        for one in self._batch:
            one.discard()

    def commit(self, wanted: "Collection[PendingWrite]") -> None:
        """Make filled stages visible, after what would still read the old data is safe.

        Args:
            wanted: The writes whose attempts have not failed meanwhile.
        """
        filled = [one for one in self._batch if one.error is None and one in wanted]
        self._state.protect([one.place for one in filled])
        for one in filled:
            stage, one.stage = one.stage, None
            assert stage is not None  # filled above
            try:
                one.record.is_committed = one.write.commit(stage)
            except FAILURES as error:
                self._fail(one, error)
            else:
                self._committed.add(one)
                self._state.replaced.append(one.place)

    def _fail(
        self, one: "PendingWrite", error: BaseException, *, culprit: str | None = None
    ) -> None:
        fail(one, error, culprit=culprit or culprit_of(self._state, one.attempt.call, error))


def fail(one: "PendingWrite", error: BaseException, *, culprit: str) -> None:
    """Note that a write has failed, with the error of its task."""
    call = one.attempt.call
    shown = one.write.failed(error)
    if shown is not error:
        shown.__cause__ = error
    kind = TaskTimeoutError if isinstance(error, TaskTimeoutError) else TaskError
    # Polars' messages go on with the whole plan: who is to blame comes before it.
    what, *details = str(shown).split("\n", 1)
    if culprit != call.name:
        what = f"{what.rstrip('.')}. The frame that fails is made by {culprit!r}."
    message = "\n".join([f"Task {call.name!r} failed: {what}", *details])
    one.error = kind(message, task=call.name, culprit=culprit)
    one.error.__cause__ = shown
    one.attempt.write_error = one.attempt.write_error or one.error


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
        raise TaskTimeoutError(f"its rows took longer than timeout_seconds={timeout_seconds}")
    if errors:
        raise errors[0]


def _own(one: "PendingWrite", error: BaseException) -> BaseException:
    """Return why a write failed: what its store said, where that was the reason."""
    return error if one.stage is None else one.stage.own_error(error)


def _shortest_timeout(members: "list[PendingWrite]") -> float | None:
    tasks = [one.attempt.call.task for one in members]
    timeouts = [task.timeout_seconds for task in tasks if task is not None]
    return min((seconds for seconds in timeouts if seconds is not None), default=None)
