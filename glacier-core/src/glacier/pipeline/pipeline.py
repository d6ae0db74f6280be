"""The `@pipeline` decorator: a function whose calls of tasks make a graph."""

import functools
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from glacier.errors import DecorationError, FunctionError, ParameterError
from glacier.pipeline.build_scope import BuildScope
from glacier.pipeline.graph import Graph, GraphBuilder, building
from glacier.pipeline.handler import PipelineHandler
from glacier.pipeline.task import Task, current_builder
from glacier.scope import current_scope

if TYPE_CHECKING:
    from glacier.engine.check_report import CheckReport
    from glacier.engine.plan import Plan
    from glacier.engine.result import Run
    from glacier.resources import Serverless

P = ParamSpec("P")
R = TypeVar("R")

DEFAULT_JOINT_SINKS = 8


class Pipeline(Generic[P, R]):
    """A pipeline: call its function to see the graph, `run` it to have it done.

    Made by `@pipeline`, whose documentation has the options.

    Attributes:
        function: The decorated function.
        name: What the pipeline is called in runs, plans and errors.
        handler: What a serverless function calls to run it, with a payload as its arguments.
    """

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str | None = None,
        max_workers: int | None = None,
        max_joint_sinks: int = DEFAULT_JOINT_SINKS,
    ) -> None:
        if isinstance(function, Task) or not inspect.isfunction(function):
            raise DecorationError(f"@pipeline takes a plain function; got {function!r}.")
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
            raise DecorationError(
                f"Pipeline {function.__name__!r} is async or a generator; expected a plain one."
            )
        if max_joint_sinks < 1 or (max_workers is not None and max_workers < 1):
            raise DecorationError("max_workers and max_joint_sinks must be at least 1.")
        self.function = function
        self.name = name or function.__name__
        self.max_workers = max_workers
        self.max_joint_sinks = max_joint_sinks
        self.handler = PipelineHandler(self)
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:  # Any: handles or a graph
        """Return the graph; inside another pipeline, make this one's calls part of it."""
        if current_builder.get() is not None:
            return self.function(*args, **kwargs)
        return self._build(self._bound(args, kwargs), BuildScope(self.name))

    def run(self, **params: Any) -> "Run":  # Any: the function's own parameters
        """Run the pipeline and return the finished run.

        Args:
            **params: The arguments of the pipeline's function.

        Raises:
            RunError: A task failed; `error.run` has the run, in which everything that did not
                depend on the failure is done and committed.
            ParameterError: The arguments do not fit the function.
            DependencyError: A `depends_on` can't be met.
        """
        from glacier.engine.run import run_pipeline

        return run_pipeline(self, params)

    def check(self, **params: Any) -> "CheckReport":  # Any: as in run
        """Run every task on empty frames of the true schemas and report what can't work.

        Nothing but schemas is requested from the stores and nothing is written. Effects of
        task bodies outside Glacier do happen.
        """
        from glacier.engine.check import check_pipeline

        return check_pipeline(self, params)

    def plan(self, **params: Any) -> "Plan":  # Any: as in run
        """Return what a run would do: its steps, reads, writes, and what settles together."""
        from glacier.engine.plan import plan_pipeline

        return plan_pipeline(self, params)

    def graph(self, **params: Any) -> Graph:  # Any: as in run
        """Return the graph of tasks, which shows itself in notebooks."""
        return self.build(params)

    def deploy(self, serverless: "Serverless", schedule: str | None = None) -> None:
        """Deploy the whole pipeline as a serverless function, which its platform calls by itself.

        The pipeline has to be found in a module. Invoked, the function runs it with the payload as
        its arguments, and returns the run's summary as JSON.

        Args:
            serverless: The function: `provider.serverless("daily", daily)`.
            schedule: When it is called: `cron(0 6 * * *)` with the five fields of cron in UTC for
                every platform, or what the platform itself has; as its config says where None.

        Raises:
            FunctionError: It can't be packaged, the platform refuses, or the function is another
                pipeline's.
            ConfigError: The platform has no such schedule.
            ParameterError: A schedule is given, and the pipeline's function has arguments without
                defaults, which a schedule does not send.
        """
        if serverless.handler is not self.handler:
            raise FunctionError(
                f"The function {serverless.function_name!r} calls {serverless.handler!r} and not "
                f"this pipeline. Make it with provider.serverless({serverless.function_name!r}, "
                f"{self.function.__name__}).",
                function_name=serverless.function_name,
            )
        if schedule is not None:
            self._check_it_needs_nothing(schedule)
            serverless.schedule(schedule)
        serverless.deploy()

    def _check_it_needs_nothing(self, schedule: str) -> None:
        kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
        parameters = self.signature.parameters.values()
        needed = [p.name for p in parameters if p.default is p.empty and p.kind not in kinds]
        if needed:
            raise ParameterError(
                f"The schedule {schedule!r} sends pipeline {self.name!r} no arguments, and it "
                f"needs {', '.join(needed)}. Give them defaults."
            )

    def build(self, params: Mapping[str, Any], scope: BuildScope | None = None) -> Graph:
        """Return the graph that the function builds with these arguments.

        Args:
            params: The function's arguments by name.
            scope: What buckets used by the function itself answer to.
        """
        return self._build(self._bound((), params), scope or BuildScope(self.name))

    def _build(self, bound: inspect.BoundArguments, scope: BuildScope) -> Graph:
        builder = GraphBuilder(self.name, scope.has_lineage)
        token = current_scope.set(scope)
        try:
            with building(builder):
                return builder.finish(self.function(*bound.args, **bound.kwargs))
        finally:
            current_scope.reset(token)

    def _bound(self, args: tuple[Any, ...], params: Mapping[str, Any]) -> inspect.BoundArguments:
        signature = self.signature
        try:
            return signature.bind(*args, **params)
        except TypeError as error:
            given = ", ".join(params) or "none"
            raise ParameterError(
                f"Pipeline {self.name!r} takes {signature}; given were {given}: {error}."
            ) from error

    @property
    def signature(self) -> inspect.Signature:
        """The signature of the function; annotations that can't be resolved stay unresolved."""
        if sys.version_info >= (3, 14):
            # There annotations are evaluated on demand, and one may exist for type checkers only.
            from annotationlib import Format

            return inspect.signature(self.function, annotation_format=Format.FORWARDREF)
        return inspect.signature(self.function)

    def __repr__(self) -> str:
        return f"Pipeline({self.name!r})"

    def _repr_html_(self) -> str:
        """Return a card for notebooks; the function is not called, and no default is shown."""
        from glacier.notebook import card

        facts = [
            (
                str(one.replace(default=one.empty)),
                "needed" if one.default is one.empty else "may be left out",
            )
            for one in self.signature.parameters.values()
        ]
        summary = inspect.cleandoc(self.function.__doc__ or "").partition("\n")[0]
        return card("Pipeline", self.name, facts, note=summary)


@overload
def pipeline(function: Callable[P, R], /) -> Pipeline[P, R]: ...


@overload
def pipeline(
    *, name: str | None = ..., max_workers: int | None = ..., max_joint_sinks: int = ...
) -> Callable[[Callable[P, R]], Pipeline[P, R]]: ...


def pipeline(
    function: Callable[P, R] | None = None,
    /,
    **options: Any,  # Any: the overload above has each option's type
) -> Pipeline[P, R] | Callable[[Callable[P, R]], Pipeline[P, R]]:
    """Make a function a pipeline, with or without options.

    Args:
        function: The function, when the decorator is used without parentheses.
        **options: `name`: what it is called; the function's name where None. `max_workers`:
            how many independent tasks run at a time; the number of processors plus four,
            at most 32, where None. `max_joint_sinks`: how many writes that share work are
            executed as one query; more share more and need more memory.

    Raises:
        DecorationError: The function is no plain function, or an option makes no sense.
    """
    if function is not None:
        return Pipeline(function)
    return lambda decorated: Pipeline(decorated, **options)
