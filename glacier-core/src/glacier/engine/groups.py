"""Which calls of tasks travel together: neighbours on one executor are one job."""

from glacier.pipeline.graph import Call, Graph
from glacier.resources import Executor


def job_groups(graph: Graph) -> list[tuple[int, ...]]:
    """Return the calls that become one job each, by their indexes, in order.

    Calls belong together if they run on one executor, are joined by what one needs of the other,
    and have changed executors equally often on their way from the start. So no job ever waits for
    a call that waits for the job itself, and none waits for more than its first call would have
    to, along the way that changes executors most often.
    """
    if all(call.task is None or call.task.executor is None for call in graph.calls):
        return []
    changes = [0] * len(graph.calls)
    group_of: dict[int, list[int]] = {}
    for call in graph.calls:
        own = _executor_of(call)
        needs = [i for i in (*call.data, *call.after) if not _is_source(graph.calls[i])]
        changes[call.index] = max(
            (changes[i] + (_executor_of(graph.calls[i]) is not own) for i in needs), default=0
        )
        if own is None:
            continue
        group = [call.index]
        for index in needs:
            if changes[index] == changes[call.index] and group_of[index] is not group:
                group = group_of[index] + group
                for member in group:
                    group_of[member] = group
        group_of[call.index] = group
    groups = {id(group): tuple(sorted(group)) for group in group_of.values()}
    return sorted(groups.values())


def _executor_of(call: Call) -> Executor | None:
    return call.task.executor if call.task is not None else None


def _is_source(call: Call) -> bool:
    """Return whether a call is a frame that the pipeline's own function has made."""
    return call.task is None and not call.after
