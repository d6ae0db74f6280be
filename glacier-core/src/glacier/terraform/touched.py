"""What functions and executors touch, as far as a check of pipelines tells it.

A job reads what its tasks read, and what the frames read that travel to it as scans or as plans:
those of the tasks before it, and those that the pipeline's own function makes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from glacier.access import Access, declared_access
from glacier.engine.check import Inspection, inspect_pipeline
from glacier.engine.check_report import CheckStatus
from glacier.errors import GlacierError
from glacier.pipeline.containers import leaves
from glacier.pipeline.handle import Handle
from glacier.resources import Bucket, Executor
from glacier.resources.scans import scan_of

if TYPE_CHECKING:
    from glacier.pipeline import Pipeline
    from glacier.pipeline.graph import Call
    from glacier.provider import Provider
    from glacier.resources import Resource

_NO_PIPELINES = (
    "it may read and write all declared buckets, since no pipeline was given that shows which of "
    "them it needs"
)
_FUNCTION = (
    "it may read and write all declared buckets, since what its handler does with them is not known"
)
_UNUSED = (
    "it may read and write all declared buckets, since no task of the given pipelines runs on it"
)


@dataclass(frozen=True, slots=True)
class Inspected:
    """What checks of pipelines tell, whichever providers their tasks use.

    Attributes:
        inspections: One of each pipeline that could be checked.
        problem: Why they do not tell all; empty where they do.
    """

    inspections: tuple[Inspection, ...] = ()
    problem: str = _NO_PIPELINES


NO_PIPELINES = Inspected()


def inspected(pipelines: "Sequence[Pipeline[..., Any]]") -> Inspected:
    """Check pipelines, each once."""
    found: list[Inspection] = []
    problem = "" if pipelines else _NO_PIPELINES
    for pipeline in pipelines:
        try:
            found.append(inspect_pipeline(pipeline, {}))
        except GlacierError as error:
            problem = _unknown(f"{pipeline!r} can't be checked ({_kind(error)})")
    return Inspected(tuple(found), problem)


class Touched:
    """What pipelines do with a provider's buckets, by executor.

    Args:
        provider: Whose functions and executors are asked for.
        seen: What is known of the pipelines that use them.
    """

    def __init__(self, provider: "Provider", seen: Inspected) -> None:
        self._provider = provider
        self._seen = seen

    def access(self, resource: "Resource") -> Access:
        """Return the buckets that a function, or the jobs of an executor, may have to touch.

        All declared ones, with a note that says why, where that is not known.
        """
        if not isinstance(resource, Executor):
            return declared_access(self._provider, _FUNCTION)
        if self._seen.problem:
            return declared_access(self._provider, self._seen.problem)
        reads: list[Bucket] = []
        writes: list[Bucket] = []
        is_used = False
        for inspection in self._seen.inspections:
            for call in inspection.graph.calls:
                if not _runs_on(call, resource):
                    continue
                is_used = True
                if reason := _doubt(inspection, call):
                    return declared_access(self._provider, _unknown(reason))
                check = inspection.report.tasks[call.name]
                reads += [*check.reads, *_brought(inspection, call)]
                writes += [write.bucket for write in check.writes]
        if not is_used:
            return declared_access(self._provider, _UNUSED)
        return Access(_each_once(reads), _each_once(writes))


def _unknown(reason: str) -> str:
    return f"it may read and write all declared buckets, since {reason}"


def _kind(error: BaseException) -> str:
    # Not its text: stores put times and numbers of requests there, and a document has neither.
    return type(error).__name__


def _runs_on(call: "Call", resource: Executor) -> bool:
    executor = None if call.task is None else call.task.executor
    # By name: two objects of one name are one thing on their platform, with one role.
    return executor is not None and (
        executor is resource
        or (
            executor.provider is resource.provider
            and executor.name == resource.name
            and type(executor.config) is type(resource.config)
        )
    )


def _doubt(inspection: Inspection, call: "Call") -> str:
    """Return why a call may touch more than its check has recorded; empty where it can't."""
    check = inspection.report.tasks[call.name]
    if check.status is not CheckStatus.OK:
        reason = "" if check.error is None else f" ({_kind(check.error)})"
        return f"the check of task {call.name!r} says {check.status}{reason}"
    if check.looks_at_values:
        return f"task {call.name!r} depends on values, so that a run may touch more than its check"
    for one in _upstream(inspection, call):
        if not inspection.scanned and any(map(_is_derived, _arguments(one))):
            return f"what a frame reads that task {one.name!r} is given is not known"
    return ""


def _brought(inspection: Inspection, call: "Call") -> Iterator[Bucket]:
    """Yield what the frames read that travel to a call."""
    for one in _upstream(inspection, call):
        if one is not call:
            yield from inspection.report.tasks[one.name].reads
        arguments = _arguments(one)
        # Results of other jobs come through staging, but for scans that they hand on.
        results = [leaf for index in one.data for leaf in leaves(inspection.results[index])]
        for value in (*arguments, *results):
            scan = scan_of(value)
            if scan is not None:
                yield scan.bucket
        if any(map(_is_derived, arguments)):
            yield from inspection.scanned


def _upstream(inspection: Inspection, call: "Call") -> list["Call"]:
    """Return a call, and the calls on this machine of which it is given what they have made."""
    found, pending = {call.index: call}, [call]
    while pending:
        for index in pending.pop().data:
            needed = inspection.graph.calls[index]
            is_here = needed.task is not None and needed.task.executor is None
            if is_here and index not in found:
                found[index] = needed
                pending.append(needed)
    return list(found.values())


def _arguments(call: "Call") -> list[Any]:  # Any: what users hand to tasks
    return [one for one in leaves([*call.args, *call.kwargs.values()]) if type(one) is not Handle]


def _is_derived(value: object) -> bool:
    return isinstance(value, pl.LazyFrame) and scan_of(value) is None


def _each_once(buckets: Iterable[Bucket]) -> tuple[Bucket, ...]:
    found = {(id(one.provider), one.bucket_name, one.path, one.format): one for one in buckets}
    return tuple(found.values())
