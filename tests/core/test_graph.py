"""Building graphs: handles, dependencies and their errors."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from glacier import Provider, pipeline, task
from glacier.errors import (
    DecorationError,
    DependencyError,
    HandleError,
    ParameterError,
    PipelineError,
)


@task
def source(value: int = 1) -> int:
    """Return a number."""
    return value


@task
def add(one: int, other: int = 0) -> int:
    """Return a sum."""
    return one + other


def test_task_outside_a_pipeline_is_the_plain_function() -> None:
    result = add(2, other=3)

    assert result == 5
    assert add.__name__ == "add"
    assert add.__doc__ == "Return a sum."


def test_graph_connects_calls_through_handles() -> None:
    @pipeline
    def sums() -> Any:
        return add(source(1), other=add(source(2)))

    graph = sums.graph()

    assert [call.name for call in graph.calls] == ["source", "source#2", "add", "add#2"]
    assert [call.data for call in graph.calls] == [(), (), (1,), (0, 2)]


def test_graph_finds_handles_in_containers() -> None:
    @task
    def total(values: list[int], named: dict[str, int]) -> int:
        return sum(values) + sum(named.values())

    @pipeline
    def sums() -> Any:
        return total([source(1), source(2)], named={"x": source(3)})

    run = sums.run()

    assert run.result == 6


def test_graph_shows_itself_as_mermaid() -> None:
    @task(depends_on=[source])
    def later() -> None: ...

    @pipeline
    def ordered() -> None:
        add(source())
        later()

    graph = ordered.graph()

    assert str(graph).splitlines() == [
        "flowchart TD",
        '    t0["source"]',
        '    t1["add"]',
        '    t2["later"]',
        "    t0 --> t1",
        "    t0 -.-> t2",
    ]
    assert graph._repr_mimebundle_()["text/vnd.mermaid"] == str(graph)


@pytest.mark.parametrize(("edges", "is_drawn"), [(500, True), (501, False)])
def test_graph_that_is_too_large_for_mermaid_says_so(edges: int, is_drawn: bool) -> None:
    """By default it draws up to 500 edges, and shows an error in the place of more."""

    @pipeline
    def large() -> None:
        value = source()
        for _ in range(edges):
            add(value)

    graph = large.graph()

    shown = graph._repr_mimebundle_()
    assert ("text/vnd.mermaid" in shown) is is_drawn
    assert ("calls 502 tasks, too many for Mermaid to draw" in shown["text/plain"]) is not is_drawn
    assert str(graph).count("-->") == edges


def test_calling_a_pipeline_returns_its_graph() -> None:
    @pipeline(name="one")
    def function() -> Any:
        return source()

    graph = function()

    assert graph.name == "one"
    assert len(graph.calls) == 1


def test_pipeline_inside_a_pipeline_becomes_part_of_it() -> None:
    @pipeline
    def inner(value: int) -> Any:
        return add(source(value), 10)

    @pipeline
    def outer() -> Any:
        return add(inner(1), inner(2))

    run = outer.run()

    assert run.result == 23
    assert list(run.tasks) == ["source", "add", "source#2", "add#2", "add#3"]


MISUSES: dict[str, Callable[[Any], Any]] = {
    "its truth": bool,
    "its length": len,
    "arithmetic": lambda handle: handle + 1,
    "a comparison": lambda handle: handle == 1,
    "an item": lambda handle: handle["column"],
    "iteration": list,
    "its text": lambda handle: f"n={handle}",
    "its attribute 'filter'": lambda handle: handle.filter(True),
}


@pytest.mark.parametrize("what", MISUSES)
def test_handle_used_as_a_value_is_an_error(what: str) -> None:
    @pipeline
    def misuse() -> None:
        MISUSES[what](source())

    with pytest.raises(HandleError, match=f"result of task 'source' was used.*{what}"):
        misuse.graph()


def test_handle_in_a_set_is_an_error() -> None:
    @task
    def total(values: set[int]) -> int:
        return sum(values)

    @pipeline
    def misuse() -> None:
        total({source()})

    with pytest.raises(HandleError, match=r"put into a set.*Use a list, a tuple, a dict or a data"):
        misuse.graph()


@dataclass(frozen=True)
class Limits:
    """An argument that holds others."""

    low: int
    high: int


def test_graph_finds_handles_in_dataclasses() -> None:
    @task
    def width(limits: Limits) -> int:
        return limits.high - limits.low

    @pipeline
    def widths() -> Any:
        limits = Limits(low=source(1), high=add(source(2), 3))
        return Limits(low=width(limits), high=0)

    run = widths.run()

    assert run.result == Limits(low=4, high=0)


def test_argument_without_handles_stays_the_object_that_it_is() -> None:
    given = {"a": [1, (2, 3)], "limits": Limits(1, 2)}

    @task
    def same(value: object, _: int) -> bool:
        return value is given

    @pipeline
    def passing() -> Any:
        return same(given, source())

    run = passing.run()

    assert run.result is True


def test_handle_of_another_build_is_an_error() -> None:
    kept = []

    @pipeline
    def first() -> None:
        kept.append(source())

    @pipeline
    def second() -> None:
        source()
        add(kept[0])

    first.graph()

    with pytest.raises(HandleError, match=r"'source' belongs to another build"):
        second.graph()


def test_depends_on_a_task_never_called_names_both() -> None:
    @task(depends_on=[source])
    def lonely() -> None: ...

    @pipeline
    def forgetful() -> None:
        lonely()

    with pytest.raises(
        DependencyError, match=r"'lonely' depends on 'source'.*'forgetful' never calls"
    ):
        forgetful.run()


def test_depends_on_an_unknown_name_is_an_error() -> None:
    @task(depends_on=["sauce"])
    def typo() -> None: ...

    @pipeline
    def misspelt() -> None:
        source()
        typo()

    with pytest.raises(DependencyError, match=r"'typo' depends on 'sauce'.*it calls source, typo"):
        misspelt.graph()


def test_depends_on_a_task_called_later_is_an_error() -> None:
    @task(depends_on=[source])
    def early() -> None: ...

    @pipeline
    def reversed_order() -> None:
        early()
        source()

    with pytest.raises(DependencyError, match=r"calls only after it. Call 'source' first"):
        reversed_order.graph()


def test_circular_dependencies_are_an_error() -> None:
    @task(depends_on=["egg"])
    def hen() -> None: ...

    @task(depends_on=[hen])
    def egg() -> None: ...

    @pipeline
    def circle() -> None:
        hen()
        egg()

    with pytest.raises(DependencyError, match=r"The tasks hen -> egg -> hen depend on one another"):
        circle.graph()


def test_depends_on_means_earlier_calls_only() -> None:
    @task(depends_on=[source])
    def after() -> None: ...

    @pipeline
    def interleaved() -> None:
        source(1)
        after()
        source(2)

    graph = interleaved.graph()

    assert graph.calls[1].after == (0,)


def test_many_dependencies_take_few_edges() -> None:
    @task(depends_on=[source])
    def after() -> None: ...

    @pipeline
    def rounds() -> None:
        for number in range(1_000):
            source(number)
            after()

    graph = rounds.graph()

    assert sum(len(call.after) for call in graph.calls) < 5_000
    assert len(graph.tasks) == 2_000


def test_pipeline_arguments_that_do_not_fit_are_an_error() -> None:
    @pipeline
    def needs(day: str) -> None:
        source()

    with pytest.raises(ParameterError, match=r"'needs' takes \(day: str\).*given were date"):
        needs.run(date="2024-01-01")


def test_pipeline_function_may_not_write_itself(provider: Provider) -> None:
    import polars as pl

    target = provider.bucket("lake", path="x.parquet")

    @pipeline
    def eager() -> None:
        target.write(pl.DataFrame({"a": [1]}))

    with pytest.raises(
        PipelineError, match=r"'eager' tried to write to .* itself.*Do this in a task"
    ):
        eager.graph()
    assert not target.exists()


def test_task_refuses_what_it_can_not_run() -> None:
    async def coroutine() -> None: ...

    def generator() -> Any:
        yield 1

    with pytest.raises(DecorationError, match=r"'coroutine' is async"):
        task(coroutine)
    with pytest.raises(DecorationError, match=r"'generator' is a generator"):
        task(generator)
    with pytest.raises(DecorationError, match=r"depends_on takes a list of tasks"):
        task(depends_on=source)(lambda: None)  # type: ignore[call-overload]
    with pytest.raises(DecorationError, match=r"is neither a task nor a task's name"):
        task(depends_on=[print])(lambda: None)  # type: ignore[list-item]
    with pytest.raises(DecorationError, match=r"timeout_seconds is 0; expected more than 0"):
        task(timeout_seconds=0)(lambda: None)
