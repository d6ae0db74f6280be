"""The graph of a pipeline: every call of a task, and what it needs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from glacier.errors import DependencyError, HandleError
from glacier.pipeline.containers import leaves, mapped
from glacier.pipeline.handle import Handle, call_of
from glacier.pipeline.mermaid import is_drawn, mermaid_text
from glacier.pipeline.task import Task, current_builder

# From this many calls on, `depends_on` goes through a joint: a loop of n rounds that calls
# both tasks in each then has 2n edges, not n²/2.
_DIRECT_EDGES = 4

_HOLD_NO_HANDLES = frozenset({type(None), bool, int, float, str})

# One for all calls: ten thousand empty containers are what the garbage collector would see.
NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(slots=True, eq=False)
class Call:
    """One call of a task, or a joint of the graph that has none.

    Attributes:
        index: Its position; whatever it needs has a lower one.
        name: The task's name, with `#2` and so on from the second call of that name.
        task: The task; None for a joint, which only gathers what others depend on, and for a
            frame that the pipeline's own body made.
        data: The indexes of the calls whose results it is given.
        after: The indexes of further calls that come first.
        value: What a call without a task stands for.
    """

    index: int
    name: str
    task: Task[..., Any] | None
    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    data: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    value: object = None


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """A built pipeline.

    Attributes:
        name: The pipeline's name.
        calls: Every call, each after whatever it needs.
        result: What the pipeline's function returned; may hold handles.
    """

    name: str
    calls: list[Call]
    result: object = None

    @property
    def tasks(self) -> list[Call]:
        """The calls of tasks, without the graph's own joints."""
        return [call for call in self.calls if call.task is not None]

    def mermaid(self) -> str:
        """Return the graph as a Mermaid flowchart."""
        return mermaid_text(self.calls)

    def __str__(self) -> str:
        return self.mermaid()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        text = self.mermaid()
        if not is_drawn(self.calls, text):
            told = f"{self.name!r} calls {len(self.tasks):,} tasks, too many for Mermaid to draw."
            return {"text/plain": f"The graph of {told} print(graph) shows its text.\n"}
        return {
            "text/plain": text,
            "text/vnd.mermaid": text,
            "text/markdown": f"```mermaid\n{text}```\n",
        }


class GraphBuilder:
    """Records the calls that a pipeline's function makes.

    Args:
        name: The pipeline's name.
        has_lineage: Whether a value that the function hands to a task comes from a bucket
            scanned while building; such a value becomes a node of its own.
    """

    def __init__(self, name: str, has_lineage: Callable[[object], bool]) -> None:
        self._name = name
        self._has_lineage = has_lineage
        self._calls: list[Call] = []
        self._of_task: dict[Task[..., Any], list[int]] = {}
        self._by_name: dict[str, int] = {}
        self._named: dict[str, list[Task[..., Any]]] = {}
        self._joints: dict[Task[..., Any], tuple[int, int]] = {}
        self._sources: dict[int, Handle] = {}

    def add(
        self, task: Task[..., Any], args: tuple[object, ...], kwargs: dict[str, object]
    ) -> Handle:
        """Record a call and return its handle."""
        data: list[int] = []
        for value in args:
            self._needs(value, data)
        for value in kwargs.values():
            self._needs(value, data)
        if self._sources:
            args = tuple(self._with_sources(value) for value in args)
            kwargs = {name: self._with_sources(value) for name, value in kwargs.items()}
        # Tuples of numbers are left alone by the garbage collector; lists are not.
        after: tuple[int, ...] = ()
        if task.depends_on:
            after = tuple(
                index
                for wanted in task.depends_on
                for earlier in self._tasks_of(wanted)
                for index in self._calls_of(earlier)
            )
        index = len(self._calls)
        name = self._unique(task.name)
        call = Call(index, name, task, args, kwargs or NOTHING, tuple(data), after)
        self._calls.append(call)
        made = self._of_task.get(task)
        if made is None:
            self._of_task[task] = [index]
            self._named.setdefault(task.name, []).append(task)
        else:
            made.append(index)
        return Handle(call)

    def finish(self, result: object) -> Graph:
        """Return the graph.

        Raises:
            DependencyError: A `depends_on` that no earlier call fulfils, or that is circular.
        """
        self._check_dependencies()
        self._needs(result, [])
        return Graph(self._name, self._calls, self._with_sources(result))

    def _needs(self, value: object, data: list[int]) -> None:
        """Note the calls whose results a value is, or holds."""
        if type(value) in _HOLD_NO_HANDLES:
            return
        for leaf in leaves(value):
            if type(leaf) is Handle:
                data.append(self._own_call(leaf).index)
            elif isinstance(leaf, set | frozenset) and any(type(one) is Handle for one in leaf):
                raise HandleError(
                    "A task's result was put into a set, where Glacier can't replace it by its "
                    "value. Use a list, a tuple, a dict or a dataclass."
                )
            elif self._has_lineage(leaf):
                data.append(self._source(leaf))

    def _own_call(self, handle: Handle) -> Call:
        call = call_of(handle)
        if call.index >= len(self._calls) or self._calls[call.index] is not call:
            raise HandleError(
                f"The result of task {call.name!r} belongs to another build of a pipeline. "
                "Call the task inside this pipeline's function."
            )
        return call

    def _source(self, value: object) -> int:
        """Return the node that stands for a frame which the pipeline's own body scanned."""
        if id(value) not in self._sources:
            call = Call(len(self._calls), self._unique("scan"), None, (), NOTHING, value=value)
            self._calls.append(call)
            self._sources[id(value)] = Handle(call)
        return call_of(self._sources[id(value)]).index

    def _with_sources(self, value: Any) -> Any:  # Any: arguments and results of users' functions
        """Return a value with handles in place of frames that the pipeline's own body scanned."""
        return mapped(value, lambda leaf: self._sources.get(id(leaf), leaf))

    def _unique(self, name: str) -> str:
        count = self._by_name.get(name, 0) + 1
        self._by_name[name] = count
        return name if count == 1 else f"{name}#{count}"

    def _tasks_of(self, wanted: Task[..., Any] | str) -> list[Task[..., Any]]:
        if isinstance(wanted, str):
            return self._named.get(wanted, [])
        return [wanted] if wanted in self._of_task else []

    def _calls_of(self, task: Task[..., Any]) -> list[int]:
        calls = self._of_task[task]
        if len(calls) <= _DIRECT_EDGES:
            return calls
        covered, joint = self._joints.get(task, (0, -1))
        if covered < len(calls):
            before = [] if joint < 0 else [joint]
            joint = len(self._calls)
            name = f"all {task.name} #{len(calls)}"
            self._calls.append(
                Call(joint, name, None, (), NOTHING, after=(*before, *calls[covered:]))
            )
            self._joints[task] = (len(calls), joint)
        return [joint]

    def _check_dependencies(self) -> None:
        for task in self._of_task:
            for wanted in task.depends_on:
                self._check_dependency(task, wanted)
        for task in self._of_task:
            _refuse_cycle(task, self._tasks_of)
        for task, calls in self._of_task.items():
            for wanted in task.depends_on:
                first = min(self._of_task[earlier][0] for earlier in self._tasks_of(wanted))
                if first > calls[0]:
                    raise DependencyError(
                        f"Task {task.name!r} depends on {_name_of(wanted)!r}, which pipeline "
                        f"{self._name!r} calls only after it. Call {_name_of(wanted)!r} first."
                    )

    def _check_dependency(self, task: Task[..., Any], wanted: Task[..., Any] | str) -> None:
        if not self._tasks_of(wanted):
            called = ", ".join(sorted(self._named))
            raise DependencyError(
                f"Task {task.name!r} depends on {_name_of(wanted)!r}, which pipeline "
                f"{self._name!r} never calls; it calls {called}. Call it before {task.name!r}, or "
                "take it out of depends_on."
            )


def _refuse_cycle(
    start: Task[..., Any],
    tasks_of: Callable[[Task[..., Any] | str], list[Task[..., Any]]],
) -> None:
    """Raise if a task depends on itself through the declared dependencies."""
    came_from: dict[Task[..., Any], Task[..., Any]] = {}
    stack = [start]
    while stack:
        task = stack.pop()
        for wanted in task.depends_on:
            for earlier in tasks_of(wanted):
                if earlier is start:
                    path = [task]
                    while path[-1] is not start:
                        path.append(came_from[path[-1]])
                    names = [start.name, *(one.name for one in path)]
                    raise DependencyError(
                        f"The tasks {' -> '.join(names)} depend on one another in a circle. "
                        "Take one of them out of a depends_on.",
                        cycle=names,
                    )
                if earlier not in came_from:
                    came_from[earlier] = task
                    stack.append(earlier)


def _name_of(wanted: Task[..., Any] | str) -> str:
    return wanted if isinstance(wanted, str) else wanted.name


@contextmanager
def building(builder: GraphBuilder | None) -> Iterator[None]:
    """Have tasks hand their calls to `builder`; with None they are plain functions again."""
    token = current_builder.set(builder)
    try:
        yield
    finally:
        current_builder.reset(token)
