"""What a job of tasks takes along and what it brings back, the same on both sides."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from glacier.engine.limits import Limits
from glacier.engine.result import TaskRun, TaskStatus
from glacier.engine.settled import SettleRun
from glacier.errors import RemoteError, TaskError, TaskTimeoutError
from glacier.jobs.entrypoint import described
from glacier.pipeline.containers import mapped
from glacier.pipeline.graph import Call, Graph
from glacier.pipeline.handle import Handle, call_of

if TYPE_CHECKING:
    from glacier.engine.state import RunState


MAIN = "glacier.engine.over_there:main"
"""What runs a luggage where it arrives."""


class Slot:
    """Stands in a call's arguments for the result of another one: a handle that can travel.

    It is no dataclass, since those are looked into as containers.
    """

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


@dataclass(frozen=True, slots=True)
class Luggage:
    """The part of a run that travels to an executor.

    Attributes:
        name: The pipeline's name.
        calls: The calls, with slots for handles, and with the values that they are given from
            outside as calls of their own.
        wanted: The calls whose results others need, by their indexes.
        origins: The places that the given values would read, by their calls' indexes.
        limits: How much is done at a time.
    """

    name: str
    calls: Sequence[Call]
    wanted: Sequence[int]
    origins: Mapping[int, frozenset[str]]
    limits: Limits

    def parts(self) -> Iterator[tuple[str, object]]:
        """Yield what travels, each by the name of its call, for errors."""
        for call in self.calls:
            if call.task is None:
                yield f"the {call.name}", call.value
                continue
            yield f"task {call.name!r}", call.task.function
            for index, value in enumerate(call.args):
                yield f"argument {index + 1} of task {call.name!r}", value
            for name, value in call.kwargs.items():
                yield f"argument {name!r} of task {call.name!r}", value

    def graph(self) -> Graph:
        """Return the calls as a graph again."""
        made: list[Call] = []

        def handled(value: Any) -> Any:  # Any: arguments of users' functions
            return mapped(
                value, lambda leaf: Handle(made[leaf.index]) if type(leaf) is Slot else leaf
            )

        for call in self.calls:
            args = tuple(handled(value) for value in call.args)
            kwargs = {name: handled(value) for name, value in call.kwargs.items()}
            made.append(replace(call, args=args, kwargs=kwargs))
        return Graph(self.name, made, [Handle(made[index]) for index in self.wanted])


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception as text, since its class may not exist on this side.

    Attributes:
        kind: The qualified name of its class.
        message: What it says.
        trace: Its traceback, with those of its causes.
        culprit: The call to blame.
        is_timeout: Whether a task took too long.
    """

    kind: str
    message: str
    trace: str
    culprit: str
    is_timeout: bool

    @classmethod
    def of(cls, error: BaseException, call: str) -> "Failure":
        """Return a task's error as text; of a `TaskError` that it wraps, the cause."""
        cause = error.__cause__ if isinstance(error, TaskError) and error.__cause__ else error
        told = described(cause)
        return cls(
            told["type"],
            told["message"],
            told["traceback"],
            str(getattr(error, "culprit", call)),
            isinstance(error, TaskTimeoutError),
        )

    def as_error(self, call: str, where: str) -> TaskError:
        """Return the error of a call, with the remote traceback as its cause."""
        kind = TaskTimeoutError if self.is_timeout else TaskError
        error = kind(
            f"Task {call!r} failed on {where}: {self.kind}: {self.message}",
            task=call,
            culprit=self.culprit,
        )
        error.__cause__ = RemoteError(
            f"{self.kind}: {self.message}\n\n{self.trace}",
            remote_type=self.kind,
            remote_traceback=self.trace,
        )
        return error


@dataclass(slots=True)
class Delivery:
    """What became of one call over there.

    Attributes:
        status: Its state.
        attempts: How often its body was started.
        duration_seconds: How long its body took.
        reads: The URIs that it read.
        writes: The URIs that it wrote.
        rows_read: The URIs that it has read as a whole, each with its rows.
        failure: Why it failed.
        packed: What it returned, packed, where others need that.
        origins: The places that its frames would read.
    """

    status: TaskStatus
    attempts: int
    duration_seconds: float
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    rows_read: tuple[tuple[str, int], ...]
    failure: Failure | None = None
    packed: bytes | None = None
    origins: frozenset[str] = frozenset()

    @classmethod
    def of(cls, record: TaskRun) -> "Delivery":
        """Return what a record says, without the value."""
        error = record.error if record.status is TaskStatus.FAILED else None
        return cls(
            record.status,
            record.attempts,
            record.duration_seconds,
            record.reads,
            record.writes,
            record.rows_read,
            None if error is None else Failure.of(error, record.name),
        )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a job of tasks brings back.

    Attributes:
        deliveries: What became of every call, by its name.
        replaced: The places that were written.
        settle_seconds: How long its writes took.
        settles: The settles of its writes.
    """

    deliveries: Mapping[str, Delivery] = field(default_factory=dict)
    replaced: tuple[str, ...] = ()
    settle_seconds: float = 0.0
    settles: Sequence[SettleRun] = ()


def luggage_of(members: Sequence[Call], state: "RunState", limits: Limits) -> Luggage:
    """Return the part of a run that consists of some of its calls.

    Args:
        members: The calls, in order.
        state: The run's state, with the results that they need from outside.
        limits: How much is done at a time.
    """
    moved: dict[int, int] = {}
    origins: dict[int, frozenset[str]] = {}
    calls: list[Call] = []
    own = {call.index for call in members}
    for index in sorted({index for call in members for index in call.data} - own):
        moved[index] = len(calls)
        if index in state.origins:
            origins[len(calls)] = state.origins[index]
        value = state.results[index]
        name = state.graph.calls[index].name
        calls.append(Call(len(calls), f"result of {name}", None, (), {}, value=value))

    def slotted(value: Any) -> Any:  # Any: arguments of users' functions
        return mapped(
            value, lambda leaf: Slot(moved[call_of(leaf).index]) if type(leaf) is Handle else leaf
        )

    for call in members:
        moved[call.index] = len(calls)
        calls.append(
            Call(
                len(calls),
                call.name,
                call.task,
                tuple(slotted(value) for value in call.args),
                {name: slotted(value) for name, value in call.kwargs.items()},
                tuple(moved[index] for index in call.data),
                tuple(moved[index] for index in call.after if index in own),
            )
        )
    within = Counter(index for call in members for index in call.data)
    wanted = [
        moved[call.index]
        for call in members
        if state.uses[call.index] > within[call.index]  # somebody outside needs it too
    ]
    return Luggage(state.graph.name, calls, wanted, origins, limits)
