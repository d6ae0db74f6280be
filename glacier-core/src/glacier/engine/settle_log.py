"""Takes note of what a settle executes, at a cost that a run doesn't notice."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from sys import getsizeof
from typing import TYPE_CHECKING

import polars as pl

from glacier.engine.settled import QueryRun
from glacier.known_secrets import Hider
from glacier.resources.filled import filled
from glacier.resources.translation import FAILURES

if TYPE_CHECKING:
    from glacier.engine.settled import SettleRun, WriteRun
    from glacier.storage import Stage

LONGEST_PLAN_CHARACTERS = 32 * 1024
"""How much is kept of the text of one plan, and how long it may be before it is optimised."""
MOST_STEPS = 200
"""How many lines a plan has at most, before it is optimised, of which a text is made."""
MOST_KEPT_BYTES = 8 * 1024 * 1024
"""How much a run keeps of plans and footers together."""
_FREE_SECONDS = 0.05
_SHARE = 0.05
_QUICK_SECONDS = 0.01
_PYTHON_SOURCE = "PYTHON SCAN"


class Room:
    """What is left of the memory that the records of a run may take.

    Args:
        size: How many bytes there are.
    """

    def __init__(self, size: int = MOST_KEPT_BYTES) -> None:
        self._left = size
        self._lock = threading.Lock()  # jobs end while a settle is under way

    def take(self, size: int) -> bool:
        """Return whether there is room for so many bytes, and take it."""
        with self._lock:
            has_room = size <= self._left
            self._left -= size if has_room else 0
        return has_room

    def fit(self, settle: "SettleRun") -> None:
        """Drop the plans and footers of a job's settle that there is no room for."""
        settle.queries = [
            query if self.take(getsizeof(query.plan)) else replace(query, plan="")
            for query in settle.queries
        ]
        for write in settle.writes:
            self.fit_footers(write)

    def fit_footers(self, write: "WriteRun") -> None:
        """Drop the footers of a write that there is no room for."""
        if not self.take(sum(map(len, write.filled.footers))):
            write.filled = replace(write.filled, footers=())


class PlanTexts:
    """Makes the texts of plans while they cost a run little.

    The text is made from the sinks after they were executed: Polars has resolved their sources
    by then and keeps what it found in the plan, so that no store is asked again. The optimiser
    runs once more, though. That is 40 microseconds for a usual plan, and seconds for one with
    hundreds of filters or expressions, as long as for executing it. So large plans have no text,
    and all texts of a run together take 0.05 s and a twentieth of its queries' time: the one with
    which that is exceeded is the last.

    Polars makes a plan of a frame anew for each text, and asks sources in Python for their schema
    every time, which may be a request. So the plan is made once where that is enough: of a query
    that was quick as a whole, planning included, the size needs no look.

    Args:
        room: Where the texts are kept.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._spent = 0.0
        self._executed = 0.0

    def of(self, sinks: Sequence[pl.LazyFrame], executed_seconds: float) -> str:
        """Return the plan of one query; empty where it would cost too much or can't be shown."""
        self._executed += executed_seconds
        if self._spent > _FREE_SECONDS + _SHARE * self._executed:
            return ""
        started = time.perf_counter()
        try:
            if executed_seconds > _QUICK_SECONDS and _is_costly(sinks):
                return ""
            return self._kept(_optimised(sinks))
        except FAILURES:  # it was executed: that it can't be shown is no reason to fail
            return ""
        finally:
            self._spent += time.perf_counter() - started

    def _kept(self, text: str) -> str:
        text = Hider()(text)  # before it is cut: a part would not be recognised
        if len(text) > LONGEST_PLAN_CHARACTERS:
            left_out = len(text) - LONGEST_PLAN_CHARACTERS
            text = f"{text[:LONGEST_PLAN_CHARACTERS]}\n[... {left_out} characters left out ...]"
        return text if self._room.take(getsizeof(text)) else ""


def _is_costly(sinks: Sequence[pl.LazyFrame]) -> bool:
    """Return whether to optimise a plan again could take long, or ask a source in Python again."""
    steps = characters = 0
    for sink in sinks:
        text = sink.explain(optimized=False)
        steps += text.count("\n")
        characters += len(text)
        if steps > MOST_STEPS or characters > LONGEST_PLAN_CHARACTERS or _PYTHON_SOURCE in text:
            return True
    return False


def _optimised(sinks: Sequence[pl.LazyFrame]) -> str:
    return sinks[0].explain() if len(sinks) == 1 else pl.explain_all(list(sinks))


class SettleLog:
    """What is noted of one settle.

    Args:
        record: What is to be known of it.
        plans: Makes the texts of its plans.
        room: Where footers are kept.
        began: When the run began, by `time.perf_counter`.
    """

    def __init__(self, record: "SettleRun", plans: PlanTexts, room: Room, began: float) -> None:
        self._record = record
        self._plans = plans
        self._room = room
        self._began = began

    @contextmanager
    def query(self, uris: Sequence[str], sinks: Sequence[pl.LazyFrame]) -> Iterator[None]:
        """Note the query that is executed in this block."""
        started = time.perf_counter()
        has_failed, plan = True, ""
        try:
            yield
            has_failed = False
        finally:
            took = time.perf_counter() - started
            if not has_failed:
                plan = self._plans.of(sinks, took)
            self._record.queries.append(
                QueryRun(tuple(uris), started - self._began, took, has_failed, plan)
            )

    def filled(self, record: "WriteRun", stage: "Stage", rows: int | None) -> None:
        """Note what a filled stage holds."""
        try:
            record.filled = filled(stage, rows)
        except OSError:  # the commit says what is wrong with it
            return
        self._room.fit_footers(record)
