"""Runs the part of a run that has travelled to an executor, by the same engine."""

from typing import TYPE_CHECKING

from glacier.engine.attempt import NOWHERE
from glacier.engine.blame import culprit_of
from glacier.engine.convert import Conversion
from glacier.engine.result import TaskStatus
from glacier.engine.run import Execution
from glacier.engine.state import TEMPORARY, handles_in
from glacier.engine.travel import Delivery, Failure, Luggage, Outcome
from glacier.errors import PackageError
from glacier.jobs.transfer import Outbox
from glacier.pipeline.handle import call_of
from glacier.plugins import Plugins
from glacier.resources.translation import FAILURES
from glacier.storage import new_token, place_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from glacier.jobs.errand import Errand
    from glacier.jobs.tickets import FrameReport
    from glacier.pipeline.graph import Call
    from glacier.resources import Bucket


def main(luggage: Luggage, errand: "Errand") -> Outcome:
    """Run what has travelled, and return what became of every call."""
    conversion = Conversion(
        lambda: errand.place / f"frames/{new_token()}/",
        is_distributed=errand.engine == "spark",
        code=errand.code,
    )
    graph = luggage.graph()
    execution = Execution(
        graph,
        luggage.origins,
        limits=luggage.limits,
        conversion=conversion,
        plugins=Plugins(points=()),  # observers are told where the run was started
    )
    execution.execute()
    deliveries = {name: Delivery.of(record) for name, record in execution.run.tasks.items()}
    try:
        for handle in handles_in(graph.result):
            call = call_of(handle)
            delivery = deliveries[call.name]
            if delivery.status is TaskStatus.SUCCEEDED:
                _pack(delivery, call, execution, conversion, errand.place)
    finally:
        execution.state.temporary.remove()
    run = execution.run
    return Outcome(deliveries, tuple(execution.state.replaced), run.settle_seconds, run.settles)


def _pack(
    delivery: Delivery,
    call: "Call",
    execution: Execution,
    conversion: Conversion,
    place: "Bucket",
) -> None:
    """Add what a call returned to its delivery; a frame that can't be computed fails the call."""
    state = execution.state
    try:
        if call.index in state.broken:
            raise state.broken[call.index]
        outbox = Outbox(
            place / f"results/{call.index}/", "out", is_computed=conversion.is_from_workers
        )
        packed = outbox.pack(
            conversion.as_polars(state.results[call.index]), name=f"What {call.name!r} returned"
        )
        outbox.send()
    except FAILURES as error:
        cause = error.__cause__ or error
        # What is wrong with rows, and not the place that they go to; else what can't travel.
        shown = error if isinstance(error, PackageError) or isinstance(cause, OSError) else cause
        delivery.status = TaskStatus.FAILED
        delivery.failure = Failure.of(shown, culprit_of(state, call, cause))
        return
    delivery.packed = packed.data
    delivery.origins = _origins(packed.frames, state.origins.get(call.index, NOWHERE), place)


def _origins(
    frames: "Sequence[FrameReport]", read: frozenset[str], place: "Bucket"
) -> frozenset[str]:
    """Return the places that frames will read where they arrive: staged ones read that alone."""
    own = place.adapter.location()
    staged = {
        place_of(own) + uri.removeprefix(own.uri)
        for frame in frames
        for uri in frame.uris
        if uri.startswith(own.uri)  # also where Spark's workers have put it
    }
    is_scanned = any(frame.travels_as == "scan" for frame in frames)
    return frozenset(staged | (read - {TEMPORARY} if is_scanned else NOWHERE))
