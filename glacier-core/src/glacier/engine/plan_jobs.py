"""How the frames of a job get to its executor, as far as a plan can know."""

from typing import Any

import polars as pl

from glacier.engine.check import Inspection
from glacier.pipeline.containers import leaves
from glacier.pipeline.grouped import GroupedFunction
from glacier.resources.scans import scan_of


def takes_of(inspection: Inspection, group: tuple[int, ...]) -> tuple[str, ...]:
    """Return how each frame that a job needs from outside gets there.

    Args:
        inspection: The inspected pipeline.
        group: The calls that travel together.
    """
    calls = inspection.graph.calls
    told: list[str] = []
    for index in group:
        call = calls[index]
        task = call.task
        assert task is not None  # only tasks have executors
        assert task.executor is not None
        is_distributed = task.executor.adapter.engine == "spark" and (
            task.engine != "polars" or isinstance(task.body, GroupedFunction)
        )
        for needed in call.data:
            if needed not in group:
                frames = leaves(inspection.results[needed])
                told += [_way_of(one, repr(calls[needed].name), is_distributed) for one in frames]
        given = leaves([*call.args, *call.kwargs.values()])
        told += [_way_of(one, f"an argument of {call.name!r}", is_distributed) for one in given]
    return tuple(dict.fromkeys(filter(None, told)))


def _way_of(value: Any, name: str, is_distributed: bool) -> str:  # noqa: FBT001
    """Return how a value gets there, said of what it is called; nothing for what is no frame."""
    if isinstance(value, pl.DataFrame):
        return f"the rows of {name}, through staging"
    if not isinstance(value, pl.LazyFrame):
        return ""
    scan = scan_of(value)
    if is_distributed:
        from glacier.jobs.spark_reads import why_staged

        reason = why_staged(value) if scan is not None else "a task has changed it"
        if scan is not None and reason is None:
            return f"{name}: {scan.bucket.get_uri()}, which Spark reads itself"
        return f"{name}: its rows, through staging ({reason})"
    if scan is not None:
        return f"{name}: {scan.bucket.get_uri()}, which is read over there"
    return f"{name}: its query; its rows, through staging, if it reads memory or local files"
