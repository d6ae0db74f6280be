"""Values that travel through a bucket: pickled, with the frames in them beside the pickle.

A frame that can be read over there travels as what it reads; the rows of any other are streamed
to the place through which the job travels.
"""

import io
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from glacier.errors import PackageError
from glacier.jobs.blame import blame
from glacier.jobs.pickler import TravelPickler
from glacier.jobs.plans import Plan, holds_code, plan_of
from glacier.jobs.reach import Reach
from glacier.jobs.tickets import FrameReport, PlanTicket, ScanTicket, StagedTicket, Ticket
from glacier.resources.bucket import Bucket
from glacier.resources.scans import scan_of
from glacier.resources.translation import FAILURES
from glacier.resources.write import Write

LARGEST_VALUE_BYTES = 64 * 1024 * 1024
"""How large a result may be, pickled, that is neither made of frames nor a JSON value."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A pickled value, and what it needs to be unpickled.

    Attributes:
        data: The pickle, for `unpack`.
        modules: Names of the modules that it, or code in it, imports; some may be no modules.
        functions: Those among them of which it names functions.
        formats: The formats of the buckets in it.
        by_value: Whether it holds code that needs the same minor version of Python.
        frames: How each frame in it travels.
    """

    data: bytes
    modules: frozenset[str] = frozenset()
    functions: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    by_value: bool = False
    frames: tuple[FrameReport, ...] = ()


class Outbox:
    """Pickles values for another process; their frames travel through a place.

    Args:
        place: The dataset through which the job travels.
        folder: The part of it where frames go: `in` for a job's input, `out` for its result.
        is_computed: Says of a lazy frame in a result whether its rows lie in storage already, so
            that it may travel as its plan.
    """

    def __init__(
        self,
        place: Bucket,
        folder: Literal["in", "out"],
        *,
        is_computed: Callable[[pl.LazyFrame], bool] = lambda _: False,
    ) -> None:
        self._place = place
        self._folder = folder
        self._is_computed = is_computed
        self._reach = Reach(place)
        self._tickets: dict[int, tuple[object, Ticket]] = {}  # with the frame, to keep it alive
        self._staged: list[StagedTicket] = []
        self._unsent: list[tuple[StagedTicket, pl.LazyFrame | pl.DataFrame]] = []
        self._reports: list[FrameReport] = []
        self._plans: list[Plan] = []

    def pack(
        self, value: object, *, name: str = "The value", largest_bytes: int | None = None
    ) -> Packed:
        """Return a value pickled; the rows of its frames go when `send` is called.

        Args:
            value: Anything, with lazy and eager frames anywhere in it.
            name: What the value is called in errors.
            largest_bytes: How large the pickle of what is no JSON value may be, frames not
                counted; `LARGEST_VALUE_BYTES` in the folder `out` where None.

        Raises:
            PackageError: Something in it can't be pickled, which is named; a frame has a column
                of Python objects; or it is too large.
        """
        buffer = io.BytesIO()
        pickler = TravelPickler(buffer, self.ticket_for)
        try:
            pickler.dump(value)
        except PackageError:
            raise
        except Exception as error:  # objects decide themselves what their pickling raises
            raise PackageError(
                f"{name} can't be sent to another process: {blame(value, _can_travel)} "
                f"({type(error).__name__}: {error}). Make it inside the function, or pass what it "
                "is made from."
            ) from error
        data = buffer.getvalue()
        if largest_bytes is None and self._folder == "out":
            largest_bytes = LARGEST_VALUE_BYTES
        if largest_bytes is not None and len(data) > largest_bytes and not is_json(value):
            raise _too_large(name, value, len(data), largest_bytes)
        return Packed(
            data,
            modules=frozenset(pickler.modules).union(*(plan.modules for plan in self._plans)),
            functions=frozenset(pickler.functions),
            formats=frozenset(pickler.formats),
            by_value=holds_code(data) or any(plan.needs_same_python for plan in self._plans),
            frames=tuple(self._reports),
        )

    def send(self) -> None:
        """Stream the rows of all frames that travel as such to the place.

        Raises:
            StorageError: A frame can't be computed, or the place not be written.
        """
        while self._unsent:
            ticket, frame = self._unsent[0]
            Write.of(ticket.bucket, frame, mode="overwrite", partition_by=(), options={}).execute()
            del self._unsent[0]

    def ticket_for(self, frame: pl.LazyFrame | pl.DataFrame) -> Ticket:
        """Return what travels in the place of a frame; the same for the same frame."""
        if id(frame) not in self._tickets:
            self._tickets[id(frame)] = (frame, self._new_ticket(frame))
        return self._tickets[id(frame)][1]

    def _new_ticket(self, frame: pl.LazyFrame | pl.DataFrame) -> Ticket:
        scan = scan_of(frame)
        if scan is not None and self._may_stay(scan.bucket):
            self._reports.append(FrameReport("scan", (_uri(scan.bucket),)))
            return ScanTicket(scan.bucket, scan.options)
        # What a job returns is computed where it runs: a plan would be computed by its caller.
        if isinstance(frame, pl.LazyFrame) and (self._folder == "in" or self._is_computed(frame)):
            plan = plan_of(frame, self._reach.reads)
            if plan is not None:
                self._plans.append(plan)
                self._reports.append(FrameReport("plan", plan.paths))
                return PlanTicket(plan)
        _refuse_objects(frame)
        bucket = self._place / f"{self._folder}/{len(self._staged)}/"
        ticket = StagedTicket(bucket, isinstance(frame, pl.LazyFrame))
        self._staged.append(ticket)
        self._unsent.append((ticket, frame))
        self._reports.append(FrameReport("staged", (_uri(bucket),)))
        return ticket

    def _may_stay(self, bucket: Bucket) -> bool:
        """Return whether a bucket can be read over there, now and when the job has ended."""
        is_passing = self._folder == "out" and self._reach.is_in_place(bucket)
        return self._reach.reads_bucket(bucket) and not is_passing


class _Unpickler(pickle.Unpickler):
    """Redeems each ticket once, so that one frame that was in two places is one again."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)
        self._frames: dict[int, tuple[Ticket, object]] = {}

    def persistent_load(self, pid: Any) -> object:  # Any: a ticket
        """Return the frame of a ticket."""
        if id(pid) not in self._frames:
            self._frames[id(pid)] = (pid, pid.redeem())
        return self._frames[id(pid)][1]


def unpack(data: bytes) -> Any:  # Any: whatever was packed
    """Return the value that `Outbox.pack` was given; its frames are lazy or eager as they were.

    Args:
        data: A pickle, whose origin and digest have to be checked before.

    Raises:
        StorageError: What a frame reads is not there.
    """
    return _Unpickler(io.BytesIO(data)).load()


def _can_travel(value: object) -> bool:
    try:
        TravelPickler(io.BytesIO(), lambda _: "a frame").dump(value)
    except Exception:  # noqa: BLE001 - the question is only whether it does
        return False
    return True


def _uri(bucket: Bucket) -> str:
    return bucket.adapter.location().uri


def _too_large(name: str, value: object, found: int, largest: int) -> PackageError:
    return PackageError(
        f"{name} is a {type(value).__qualname__} of {found / 2**20:.0f} MiB, and what is no frame "
        f"and no JSON value may have {largest / 2**20:.0f} MiB. Return a frame, or write it to a "
        "bucket and return its path."
    )


def is_json(value: object) -> bool:
    """Return whether a value is made of nothing but what JSON has."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, dict):
            if not all(isinstance(key, str) for key in one):
                return False
            pending += one.values()
        elif isinstance(one, list):
            pending += one
        elif one is not None and not isinstance(one, str | int | float | bool):
            return False
    return True


def _refuse_objects(frame: pl.LazyFrame | pl.DataFrame) -> None:
    try:
        schema = frame.collect_schema()
    except FAILURES:  # raised again, and told well, when the frame is sent
        return
    columns = [name for name, dtype in schema.items() if _holds_objects(dtype)]
    if columns:
        raise PackageError(
            f"The column {columns[0]!r} is of the type {schema[columns[0]]}, whose Python objects "
            "can't travel in a frame. Convert it to a type of Polars, or pass the objects in a "
            "list of their own.",
            column=columns[0],
        )


def _holds_objects(dtype: pl.DataType) -> bool:
    if isinstance(dtype, pl.Struct):
        return any(_holds_objects(inner.dtype) for inner in dtype.fields)  # type: ignore[arg-type]
    if isinstance(dtype, pl.List | pl.Array):
        return _holds_objects(dtype.inner)  # type: ignore[arg-type]
    return isinstance(dtype, pl.Object)
