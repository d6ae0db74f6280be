"""Refuses, before a job is submitted, frames with columns that can't go to Spark."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import polars as pl

from glacier.engine.travel import Luggage, Slot
from glacier.errors import PackageError
from glacier.pipeline.containers import leaves
from glacier.pipeline.graph import Call
from glacier.pipeline.grouped import GroupedFunction

if TYPE_CHECKING:
    from glacier.pipeline.task import Task


def check_runtimes(calls: Iterable[Call]) -> None:
    """Refuse a run, before its first task, if an executor that it needs can't run tasks.

    Args:
        calls: Those that travel to executors.

    Raises:
        JobError: An executor's runtime is too old, for one.
    """
    executors = {id(call.task.executor): call.task.executor for call in calls if call.task}
    for executor in executors.values():
        if executor is not None:
            executor.adapter.check_runtime()


def check_types(luggage: Luggage) -> None:
    """Check the types of what tasks are given that Spark's workers run.

    Reads footers at most.

    Args:
        luggage: The calls that are about to travel to a Spark executor.

    Raises:
        PackageError: A column's type has no counterpart over there.
    """
    from glacier.jobs.types import to_wire

    for call in luggage.calls:
        task = call.task
        is_split = task is not None and isinstance(task.body, GroupedFunction)
        if task is None or (task.engine == "polars" and not is_split):
            continue
        for frame in _frames_of(luggage, (*call.args, *call.kwargs.values())):
            try:
                to_wire(frame.lazy().collect_schema(), natural=not is_split)
            except PackageError as error:
                error.__dict__["culprit"] = call.name
                raise


def check_call(task: "Task[..., Any]", values: Iterable[Any]) -> None:
    """Check what is known of a remote call before any run: runtime, staging, types for Spark.

    Args:
        task: A task with an executor.
        values: What it is given, on empty frames.

    Raises:
        JobError: The executor's runtime can't run tasks, or its provider names no staging.
        PackageError: A column's type has no counterpart in Spark.
        PipelineError: Which columns the groups of a task return is not known.
    """
    from glacier.jobs.staging import staging_of
    from glacier.jobs.types import to_wire

    assert task.executor is not None
    task.executor.adapter.check_runtime()
    staging_of(task.executor.provider)
    body = task.body
    is_split = isinstance(body, GroupedFunction)
    if task.executor.adapter.engine != "spark" or (task.engine == "polars" and not is_split):
        return
    for leaf in leaves(list(values)):
        if not isinstance(leaf, pl.LazyFrame | pl.DataFrame):
            continue
        to_wire(leaf.lazy().collect_schema(), natural=not is_split)


def _frames_of(luggage: Luggage, values: tuple[Any, ...]) -> list[pl.LazyFrame | pl.DataFrame]:
    found = []
    for leaf in leaves(values):
        inner = leaves(luggage.calls[leaf.index].value) if type(leaf) is Slot else [leaf]
        found += [one for one in inner if isinstance(one, pl.LazyFrame | pl.DataFrame)]
    return found
