"""The state of a run: results, which places they would read, and who still needs them."""

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from glacier.engine.attempt import NOWHERE, Attempt
from glacier.engine.frames import TemporaryFrames, frames_in, hides_frames
from glacier.engine.refusals import replaced_by_job
from glacier.engine.threads import INTERRUPTIBLE_SECONDS
from glacier.errors import PipelineError, StaleScanError
from glacier.pipeline.containers import leaves, mapped
from glacier.pipeline.graph import Call, Graph
from glacier.pipeline.handle import Handle, call_of
from glacier.resources.translation import FAILURES
from glacier.storage import overlaps

HOLD_NO_FRAMES = frozenset({type(None), bool, int, float, str, bytes, pl.DataFrame, pl.Series})
"""The types whose objects never hold a lazy frame."""
TEMPORARY = "temporary:"
"""The place that stands for this run's temporary files."""
_IN_TEMPORARY = frozenset({TEMPORARY})


@dataclass(slots=True, eq=False)
class RunState:
    """What all threads of a run share, guarded by `lock`.

    Attributes:
        results: What each call returned, by index; dropped when nobody needs it any more.
        origins: The places that a call's lazy result would read, for calls that have one.
        uses: How many consumers each result still has.
        hidden: Calls whose results hold frames where none can be exchanged.
        broken: Errors of frames that had to be kept and could not be.
        replaced: The places that were written, deleted or opened for writing.
        running: The attempts whose bodies run now.
        began: When the run began, by `time.perf_counter`.
        is_given_up: Whether the run was interrupted, so that no more bodies begin.
        settling: The places that the settle which is under way will replace.
        settling_thread: The thread that carries it out; None where none is.
        body_ended: Told, under `lock`, whenever a body has ended or let go of a place.
        settle_ended: Told, under `lock`, whenever a settle has ended.
    """

    graph: Graph
    results: list[Any]
    uses: list[int]
    origins: dict[int, frozenset[str]] = field(default_factory=dict)
    hidden: set[int] = field(default_factory=set)
    broken: dict[int, PipelineError] = field(default_factory=dict)
    replaced: list[str] = field(default_factory=list)
    running: set[Attempt] = field(default_factory=set)
    temporary: TemporaryFrames = field(default_factory=TemporaryFrames)
    began: float = field(default_factory=time.perf_counter)
    is_given_up: bool = False
    settling: list[str] = field(default_factory=list)
    settling_thread: int | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    body_ended: threading.Condition = field(init=False)
    settle_ended: threading.Condition = field(init=False)

    def __post_init__(self) -> None:
        self.body_ended = threading.Condition(self.lock)
        self.settle_ended = threading.Condition(self.lock)

    @classmethod
    def of(cls, graph: Graph, origins: Mapping[int, frozenset[str]]) -> "RunState":
        """Return the state before the first task.

        Args:
            graph: What is about to run.
            origins: The places that the values would read which it starts with.
        """
        uses = [0] * len(graph.calls)
        for call in graph.calls:
            for index in call.data:
                uses[index] += 1
        for handle in handles_in(graph.result):
            uses[call_of(handle).index] += 1
        return cls(graph, [call.value for call in graph.calls], uses, dict(origins))

    def begin(self, attempt: Attempt) -> tuple[Any, Any]:
        """Open an attempt and return the values of its call's arguments.

        Raises:
            PipelineError: An argument is a frame that could not be kept, or the run was
                interrupted.
        """
        call = attempt.call
        args: Any = call.args
        kwargs: Any = call.kwargs
        with self.lock:
            self._refuse_if_given_up(call)
            if call.data:
                while self.settling and self._would_read(call.data, self.settling):
                    self.settle_ended.wait(INTERRUPTIBLE_SECONDS)
                    self._refuse_if_given_up(call)  # it may be, by now
                if self.broken:
                    self._refuse_broken(call)
                value_of = self.value_of
                args = [value_of(value) for value in args]
                if kwargs:
                    kwargs = {name: value_of(value) for name, value in kwargs.items()}
                if self.origins:
                    attempt.origins = self._origins_of(call.data)
            self.running.add(attempt)
        return args, kwargs

    def elapsed(self) -> float:
        """Return the seconds since the run began."""
        return time.perf_counter() - self.began

    def end(self, attempt: Attempt) -> bool:
        """Close an attempt without a result; False if it was closed already."""
        with self.lock:
            if attempt.is_over:
                return False
            attempt.is_over = True
            self.running.discard(attempt)
            self.body_ended.notify_all()
            return True

    def give_up(self) -> None:
        """Close all attempts, so that their bodies can do nothing any more, and open none."""
        with self.lock:
            self.is_given_up = True
            for attempt in tuple(self.running):
                self.end(attempt)

    def finish(self, attempt: Attempt, result: object, *, is_temporary: bool) -> None:
        """Close an attempt and keep its result for those who need it.

        Args:
            attempt: The attempt whose body has returned.
            result: What it returned.
            is_temporary: Whether the result's frames are temporary ones of `keep_temporarily`.
        """
        call = attempt.call
        with self.lock:
            if not self.end(attempt):
                return
            self.results[call.index] = result
            if type(result) not in HOLD_NO_FRAMES:
                origins = _IN_TEMPORARY if is_temporary else attempt.origins
                self._note_origins(call.index, result, origins)
                if attempt.stale is not None and self.origins.get(call.index) == attempt.origins:
                    self.broken[call.index] = self._broken(call.index, attempt.stale)
            self.release(call)

    def _note_origins(self, index: int, result: object, origins: frozenset[str]) -> None:
        """Note which places a result would read, and whether its frames are out of reach."""
        if any(True for _ in frames_in(result)):
            self.origins[index] = origins
        elif origins and hides_frames(result):
            self.origins[index] = origins
            self.hidden.add(index)

    def release(self, call: Call) -> None:
        """Drop the results that a call was the last to need.

        Lazy ones are kept: a failed write is traced back through them.
        """
        with self.lock:
            for index in call.data:
                self.uses[index] -= 1
                if self.uses[index] == 0 and index not in self.origins:
                    self.results[index] = None

    def keep_temporarily(self, result: object) -> object:
        """Compute a result's frames into temporary files and return it with scans of those."""
        kept = iter(self.temporary.keep(list(frames_in(result))))
        return mapped(result, lambda leaf: next(kept) if isinstance(leaf, pl.LazyFrame) else leaf)

    def protect(self, places: list[str]) -> None:
        """Compute every frame that would read `places` and still has consumers to come.

        What can't be computed is remembered as broken, and fails those who need it.
        """
        for index, origins in list(self.origins.items()):
            in_danger = self.uses[index] > 0 and any(
                overlaps(origin, place) for origin in origins for place in places
            )
            if not in_danger:
                continue
            if index in self.hidden:
                self.broken[index] = self._broken(index, self._stale(index, places))
                continue
            try:
                self.results[index] = self.keep_temporarily(self.results[index])
                self.origins[index] = _IN_TEMPORARY
            except FAILURES as error:  # a plan may run any user's function
                self.broken[index] = self._broken(index, error)

    def value_of(self, value: Any) -> Any:  # Any: arguments and results of users' functions
        """Return a value with results in place of handles, also in containers."""
        if type(value) is Handle:
            return self.results[call_of(value).index]
        return mapped(value, self._result_of)

    def _result_of(self, leaf: Any) -> Any:  # Any: as above
        return self.results[call_of(leaf).index] if type(leaf) is Handle else leaf

    def origins_of_result(self) -> frozenset[str]:
        """Return the places that the pipeline's result would read."""
        return self._origins_of([call_of(handle).index for handle in handles_in(self.graph.result)])

    def _would_read(self, indexes: Sequence[int], places: list[str]) -> bool:
        """Return whether a frame among these results would read one of the places."""
        origins = self._origins_of(indexes)
        return any(overlaps(origin, place) for origin in origins for place in places)

    def _origins_of(self, indexes: Sequence[int]) -> frozenset[str]:
        found = NOWHERE
        for index in indexes:
            origins = self.origins.get(index, NOWHERE)
            found = found | origins if found else origins
        return found

    def _stale(self, index: int, places: list[str]) -> StaleScanError:
        held = places_read(self.origins[index], places)
        return StaleScanError(
            f"it returned a {type(self.results[index]).__name__} that holds a frame scanned from "
            f"{', '.join(held)}, which was replaced since. Return frames as they are, or in lists, "
            "tuples, dicts and dataclasses, so that their rows can be kept."
        )

    def note_replaced(
        self, places: Sequence[str], where: str, by: Collection[int] = frozenset()
    ) -> None:
        """Mark as broken what would read places that a job has replaced meanwhile.

        Args:
            places: What was written over there, where nobody knew who still reads it.
            where: The executor, for the error's text.
            by: The calls that have travelled; what they returned was made after.
        """
        self.replaced += places
        for index, origins in list(self.origins.items()):
            changed = places_read(origins, places)
            if changed and index not in by and self.uses[index] > 0:
                self.broken[index] = self._broken(index, replaced_by_job(changed, where))
        for attempt in self.running:  # their bodies may yet hand on, or write, what they hold
            changed = places_read(attempt.origins, places)
            if changed:
                attempt.stale = replaced_by_job(changed, where)

    def _broken(self, index: int, error: BaseException) -> PipelineError:
        name = self.graph.calls[index].name
        made = PipelineError(
            f"The result of task {name!r} is needed after what it reads is replaced, and can't be "
            f"kept until then: {type(error).__name__}: {error}",
            culprit=name,
        )
        made.__cause__ = error
        return made

    def _refuse_if_given_up(self, call: Call) -> None:
        if self.is_given_up:
            raise PipelineError(f"Task {call.name!r} does not begin: its run was interrupted.")

    def _refuse_broken(self, call: Call) -> None:
        for index in call.data:
            if index in self.broken:
                raise self.broken[index]


def places_read(origins: Collection[str], places: Sequence[str]) -> list[str]:
    """Return those of some places that frames with these origins would read."""
    return [place for place in places if any(overlaps(one, place) for one in origins)]


def handles_in(value: object) -> list[Handle]:
    """Return every handle in a value, also in containers."""
    return [leaf for leaf in leaves(value) if type(leaf) is Handle]
