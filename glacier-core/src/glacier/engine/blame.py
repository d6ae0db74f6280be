"""Which task is to blame when executing a write fails."""

from typing import TYPE_CHECKING

from glacier.engine.frames import frames_in, stream_to_nothing
from glacier.resources.translation import FAILURES

if TYPE_CHECKING:
    from glacier.engine.state import RunState
    from glacier.pipeline.graph import Call


def culprit_of(state: "RunState", writer: "Call", error: BaseException) -> str:
    """Return the name of the first task, in order, whose lazy result can't be computed.

    A plan fails as a whole and does not say which task added the failing step, so the frames
    that led to the write are computed one after another until one fails. Errors of the store
    say nothing about frames: they are the writer's.
    """
    if isinstance(error, OSError):
        return writer.name
    for index in _ancestors(state, writer):
        for frame in frames_in(state.results[index]):
            try:
                stream_to_nothing(frame)
            except FAILURES:  # whatever it raises, this is the frame that fails
                return state.graph.calls[index].name
    return writer.name


def _ancestors(state: "RunState", writer: "Call") -> list[int]:
    found: set[int] = set()
    stack = list(writer.data)
    while stack:
        index = stack.pop()
        if index not in found:
            found.add(index)
            stack.extend(state.graph.calls[index].data)
    return sorted(found)
