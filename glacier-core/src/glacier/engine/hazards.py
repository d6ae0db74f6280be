"""Tasks that touch one place in an order that nothing fixes."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from glacier.engine.check_report import CheckReport
from glacier.engine.task_scope import place_of_bucket
from glacier.pipeline.graph import Graph
from glacier.storage import overlaps

_MOST_WARNINGS = 10


@dataclass(frozen=True, slots=True)
class _Touch:
    """That a call reads or writes a place."""

    index: int
    name: str
    place: str
    uri: str
    writes: bool
    appends: bool = False


def hazards(graph: Graph, report: CheckReport) -> list[str]:
    """Return a warning for every two calls that nothing orders and one of which replaces data.

    A run carries them out in any order, or side by side, so that its result is a matter of luck.
    """
    return list(islice(_hazards(graph, _touches(graph, report)), _MOST_WARNINGS))


def _touches(graph: Graph, report: CheckReport) -> list[_Touch]:
    found = []
    for call in graph.tasks:
        check = report.tasks[call.name]
        for write in check.writes:
            bucket, appends = write.bucket, write.request.mode == "append"
            place, uri = place_of_bucket(bucket), bucket.get_uri()
            found.append(_Touch(call.index, call.name, place, uri, writes=True, appends=appends))
        for bucket in check.reads:
            place, uri = place_of_bucket(bucket), bucket.get_uri()
            found.append(_Touch(call.index, call.name, place, uri, writes=False))
    return found


def _hazards(graph: Graph, touches: list[_Touch]) -> Iterator[str]:
    by_place: dict[str, list[_Touch]] = {}
    for touch in touches:
        by_place.setdefault(touch.place, []).append(touch)
    prefixes = [place for place in by_place if place.endswith("/")]
    for place, here in by_place.items():
        wider = [p for p in prefixes if p != place and overlaps(p, place)]
        others = [touch for p in wider for touch in by_place[p]]
        for number, one in enumerate(here):
            for other in [*here[number + 1 :], *others]:
                if _is_hazard(one, other) and not _are_ordered(graph, one.index, other.index):
                    yield _warning(one, other)


def _is_hazard(one: _Touch, other: _Touch) -> bool:
    both_append = one.appends and other.appends
    return one.index != other.index and (one.writes or other.writes) and not both_append


def _are_ordered(graph: Graph, one: int, other: int) -> bool:
    """Return whether the later of two calls comes after the earlier one, through any others."""
    earlier, later = sorted((one, other))
    seen, stack = set(), [later]
    while stack:
        index = stack.pop()
        if index == earlier:
            return True
        if index > earlier and index not in seen:
            seen.add(index)
            stack += [*graph.calls[index].data, *graph.calls[index].after]
    return False


def _warning(one: _Touch, other: _Touch) -> str:
    first, second = sorted((one, other), key=lambda touch: touch.index)
    if first.writes and second.writes:
        what = f"{first.name!r} and {second.name!r} both write {first.uri}"
    else:
        writer, reader = (first, second) if first.writes else (second, first)
        what = f"{writer.name!r} writes {writer.uri} and {reader.name!r} reads it"
    return (
        f"{what}, and nothing orders them. Use depends_on=, pass data from one to the other, or "
        "use two paths."
    )
