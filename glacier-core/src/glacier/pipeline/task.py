"""The `@task` decorator: a plain function that can also be a node of a pipeline."""

import functools
import inspect
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from glacier.errors import DecorationError
from glacier.pipeline.annotations import ENGINES, Engine, FrameKind, frame_kinds
from glacier.pipeline.grouped import GroupedFunction
from glacier.resources.executor import Executor
from glacier.resources.schema import checked_schema

if TYPE_CHECKING:
    from polars._typing import SchemaDict

P = ParamSpec("P")
R = TypeVar("R")


class Builder(Protocol):
    """What a task hands its call to while a pipeline is being built."""

    def add(
        self, task: "Task[..., Any]", args: tuple[object, ...], kwargs: dict[str, object]
    ) -> object:
        """Record a call and return its handle."""


current_builder: ContextVar[Builder | None] = ContextVar("glacier_builder", default=None)


class Task(Generic[P, R]):
    """A function that is a node when a pipeline calls it, and itself when anything else does.

    Made by `@task`, whose documentation has the options.

    Attributes:
        function: The decorated function.
        name: Its name.
        depends_on: Tasks, or names of tasks, whose calls come first.
        engine: What its frames belong to, by its annotations or as it was said: `polars`,
            `narwhals` (Polars here, Spark on a Spark executor) or `spark`.
        body: What a run calls: the function, or with `partition_by` what calls it group by group.
    """

    __name__: str

    def __init__(
        self,
        function: Callable[P, R],
        *,
        depends_on: "Sequence[Task[..., Any] | str]" = (),
        executor: "Executor | None" = None,
        retries: int = 0,
        retry_delay_seconds: float = 1.0,
        timeout_seconds: float | None = None,
        persist: bool = False,
        partition_by: str | Sequence[str] | None = None,
        engine: Engine | None = None,
        schema: "SchemaDict | None" = None,
    ) -> None:
        _check_function(function)
        _check_options(function.__name__, depends_on, retries, retry_delay_seconds, timeout_seconds)
        if executor is not None and not isinstance(executor, Executor):
            raise DecorationError(
                f"Task {function.__name__!r}: executor= takes what provider.executor(...) returns; "
                f"got {executor!r}."
            )
        self.function = function
        self.name = function.__name__
        self.depends_on = tuple(depends_on)
        self.executor = executor
        self.retries = retries
        self.retry_delay_seconds = retry_delay_seconds
        self.timeout_seconds = timeout_seconds
        self.persist = persist
        keys = (partition_by,) if isinstance(partition_by, str) else tuple(partition_by or ())
        self.partition_by = keys
        self.engine: Engine = _engine_of(function, engine)
        self.schema = checked_schema(schema)
        if self.schema is not None and not keys and self.engine == "polars":
            raise DecorationError(
                f"Task {self.name!r}: schema= says what a task returns whose columns can't be "
                "found by running it on an empty frame, for partition_by= and for tasks that Spark "
                "can run; this is neither. Take it out."
            )
        self.body: Callable[..., Any] = (
            GroupedFunction(function, keys, self.engine, self.schema) if keys else function
        )
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the function; while a pipeline is being built, return a handle instead."""
        builder = current_builder.get()
        if builder is None:
            return self.function(*args, **kwargs)
        return cast("R", builder.add(self, args, kwargs))

    @cached_property
    def frame_kinds(self) -> dict[str | int, FrameKind]:
        """The kinds of frames that parameters are annotated with, by name and by position."""
        named = frame_kinds(self.function)
        kinds: dict[str | int, FrameKind] = dict(named.items())
        code = getattr(self.function, "__code__", None)
        for index, name in enumerate(code.co_varnames[: code.co_argcount] if code else ()):
            if name in named:
                kinds[index] = named[name]
        return kinds

    @property
    def runs_inline(self) -> bool:
        """Whether nothing about this task can hold up the thread that schedules."""
        return self.timeout_seconds is None and self.retries == 0

    def __repr__(self) -> str:
        return f"Task({self.name!r})"

    def __reduce__(self) -> Any:  # Any: pickle's own protocol
        # By reference, as functions are: what the module holds under this name is the task.
        return self.function.__qualname__


@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...


@overload
def task(
    *,
    depends_on: "Sequence[Task[..., Any] | str]" = ...,
    executor: "Executor | None" = ...,
    retries: int = ...,
    retry_delay_seconds: float = ...,
    timeout_seconds: float | None = ...,
    persist: bool = ...,
    partition_by: str | Sequence[str] | None = ...,
    engine: Engine | None = ...,
    schema: "SchemaDict | None" = ...,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...


def task(
    function: Callable[P, R] | None = None,
    /,
    **options: Any,  # Any: the overload above has each option's type
) -> Task[P, R] | Callable[[Callable[P, R]], Task[P, R]]:
    """Make a function a task, with or without options: `@task` or `@task(retries=2)`.

    Args:
        function: The function, when the decorator is used without parentheses.
        **options: `depends_on`: tasks (or their names) whose calls made earlier in the
            pipeline come first, for order that no data shows; their writes are committed
            before this task starts. `executor`: where the task runs; this process where None.
            `retries`: how many more times a failing task, or a failing write of it, is tried.
            `retry_delay_seconds`: the pause before the first retry, doubled for each later
            one. `timeout_seconds`: how long the body, and each execution of its writes, may
            take. `persist`: compute a lazy result once and keep it in a temporary file, for
            results that several settles need. `partition_by`: columns by whose values the
            task's one frame is split; the body then runs on each group by itself, and the
            results are put together, as a lazy frame. The task's frame is computed for that; on a
            Spark executor every worker runs the body on its groups. `engine`: what runs it where
            its parameters are not annotated with frames: `polars`, `narwhals` (Polars here, Spark
            on a Spark executor) or `spark`. `schema`: the columns and types of what it returns,
            where they can't be found by running it on an empty frame.

    Raises:
        DecorationError: The function is async or a generator, its parameters ask for frames of
            two engines, or an option makes no sense.
    """
    if function is not None:
        return Task(function)
    return lambda decorated: Task(decorated, **options)


def _check_function(function: object) -> None:
    if not callable(function) or not hasattr(function, "__name__"):
        raise DecorationError(f"@task takes a function; got {function!r}.")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise DecorationError(
            f"Task {function.__name__!r} is async; tasks are plain functions, run in threads "
            "where they are independent. Use asyncio.run(...) inside it."
        )
    if inspect.isgeneratorfunction(function):
        raise DecorationError(
            f"Task {function.__name__!r} is a generator; return a list or a frame instead."
        )


def _engine_of(function: Callable[..., Any], said: Engine | None) -> Engine:
    """Return the engine that a task's annotations ask for, or that its decorator names."""
    annotated = next((kind.engine for kind in frame_kinds(function).values()), None)
    if said is not None and said not in ENGINES:
        raise DecorationError(
            f"Task {function.__name__!r}: engine is {said!r}; expected {', '.join(ENGINES)}."
        )
    if said is not None and annotated not in {None, said}:
        raise DecorationError(
            f"Task {function.__name__!r}: engine={said!r} and the annotations of its parameters, "
            f"which ask for {annotated}, contradict each other. Leave one of them out."
        )
    return said or annotated or "polars"


def _check_options(
    name: str,
    depends_on: object,
    retries: int,
    retry_delay_seconds: float,
    timeout_seconds: float | None,
) -> None:
    if isinstance(depends_on, str | Task) or not isinstance(depends_on, Sequence):
        raise DecorationError(
            f"Task {name!r}: depends_on takes a list of tasks, such as depends_on=[load]; "
            f"got {depends_on!r}."
        )
    for one in depends_on:
        if not isinstance(one, Task | str):
            raise DecorationError(
                f"Task {name!r}: depends_on holds {one!r}, which is neither a task nor a task's "
                "name. Decorate it with @task."
            )
    if retries < 0 or retry_delay_seconds < 0:
        raise DecorationError(f"Task {name!r}: retries and retry_delay_seconds can't be negative.")
    if timeout_seconds is not None and timeout_seconds <= 0:
        raise DecorationError(
            f"Task {name!r}: timeout_seconds is {timeout_seconds}; expected more than 0, or None."
        )
