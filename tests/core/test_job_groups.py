"""Which calls travel together, and that no job ever waits for itself."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glacier import Executor, Provider, pipeline, task
from glacier.config import LocalConfig
from glacier.engine.groups import job_groups
from glacier.engine.order import Order
from glacier.pipeline.graph import Call
from glacier.pipeline.task import Task

PROVIDER = Provider(config=LocalConfig(base_path="never-made"))
FAR, WIDE = PROVIDER.executor("far"), PROVIDER.executor("wide")


def named(name: str, executor: Executor | None = None, **options: Any) -> Task[..., Any]:
    def function(*_: Any) -> Any: ...

    function.__name__ = function.__qualname__ = name
    return task(executor=executor, **options)(function)


def groups_of(build: Any) -> list[list[str]]:
    graph = pipeline(build).graph()
    return [[graph.calls[index].name for index in group] for group in job_groups(graph)]


far, wide, here = named("far", FAR), named("wide", WIDE), named("here")


def test_groups_of_a_chain_are_one_job() -> None:
    def chain() -> Any:
        return far(far(far()))

    groups = groups_of(chain)

    assert groups == [["far", "far#2", "far#3"]]


def test_groups_of_calls_that_need_nothing_of_one_another_are_several() -> None:
    def apart() -> Any:
        return [far(), far()]

    groups = groups_of(apart)

    assert groups == [["far"], ["far#2"]]


def test_groups_are_joined_by_a_call_that_needs_both() -> None:
    def joined() -> Any:
        return far(far(), far())

    groups = groups_of(joined)

    assert groups == [["far", "far#2", "far#3"]]


def test_groups_of_a_diamond_with_a_local_side_never_wait_for_themselves() -> None:
    def diamond() -> Any:
        top = far()
        return far(far(top), here(top))

    groups = groups_of(diamond)

    assert groups == [["far", "far#2"], ["far#3"]]


def test_groups_of_two_executors_take_turns() -> None:
    def turns() -> Any:
        start = far()
        return far(wide(wide(start)), start)

    groups = groups_of(turns)

    assert groups == [["far"], ["wide", "wide#2"], ["far#2"]]


def test_groups_of_a_local_task_in_between_are_two() -> None:
    def interrupted() -> Any:
        return far(here(far()))

    groups = groups_of(interrupted)

    assert groups == [["far"], ["far#2"]]


def test_groups_are_joined_by_depends_on() -> None:
    after = named("after", FAR, depends_on=["far"])

    def ordered() -> None:
        far()
        after()

    groups = groups_of(ordered)

    assert groups == [["far", "after"]]


@pytest.mark.parametrize("count", [3, 5, 9])
def test_groups_of_many_calls_of_a_depended_task_come_before_it(count: int) -> None:
    after = named("after", FAR, depends_on=["far"])

    def gathered() -> None:
        for _ in range(count):
            far()
        after()
        far()
        after()

    groups = groups_of(gathered)

    graph = pipeline(gathered).graph()
    assert sorted(name for group in groups for name in group) == sorted(
        call.name for call in graph.tasks
    )
    assert_each_runs_after_its_needs(graph.calls, job_groups(graph))


def test_groups_do_not_begin_later_for_a_frame_that_the_pipeline_scans(provider: Provider) -> None:
    bucket = provider.bucket("lake", path="x.parquet")
    bucket.write(pl.DataFrame({"n": [1]}))

    def sourced() -> Any:
        return far(far(bucket.scan()), bucket.scan())

    groups = groups_of(sourced)

    assert groups == [["far", "far#2"]]


def test_graph_without_executors_has_no_groups() -> None:
    def local() -> Any:
        return here(here())

    groups = groups_of(local)

    assert groups == []


def assert_each_runs_after_its_needs(calls: list[Call], groups: list[tuple[int, ...]]) -> None:
    """Carry the calls out as a run does, in an order that `Order` gives."""
    order = Order(calls, groups)
    done: set[int] = set()
    ready = order.first()
    while ready:
        first = ready.pop()
        members = order.groups.get(first, (first,))
        for index in members:
            assert index not in done
            needs = {*calls[index].data, *calls[index].after}
            assert needs <= done
            done.add(index)
        ready += order.done(first)
    assert done == set(range(len(calls)))


@st.composite
def graphs(draw: st.DrawFn) -> list[Call]:
    """Small graphs: any call may need any before it, and run here or on one of two executors.

    Calls without a task are joints, which only come after others, and frames of the pipeline.
    """
    calls: list[Call] = []
    for index in range(draw(st.integers(min_value=1, max_value=14))):
        before = st.sets(st.sampled_from(range(index)), max_size=3) if index else st.just(set())
        data, after = sorted(draw(before)), sorted(draw(before))
        made = draw(st.sampled_from([far, wide, here, here, None]))
        given = tuple(data) if made is not None else ()
        calls.append(Call(index, f"call {index}", made, (), {}, given, tuple(after)))
    return calls


@given(graphs())
@settings(max_examples=300, deadline=None)
def test_groups_of_any_graph_never_deadlock(calls: list[Call]) -> None:
    graph = pipeline(named("empty").function).graph()
    graph.calls.extend(calls)

    groups = job_groups(graph)

    members = [index for group in groups for index in group]
    remote = [c.index for c in calls if c.task is not None and c.task.executor is not None]
    assert sorted(members) == remote
    for group in groups:
        tasks = [calls[index].task for index in group]
        assert len({id(one.executor) for one in tasks if one is not None}) == 1
    assert_each_runs_after_its_needs(calls, groups)
