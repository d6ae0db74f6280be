"""A pipeline as the handler of a serverless function: a payload in, the run's summary out."""

from typing import TYPE_CHECKING, Any

from glacier.errors import PayloadError, RunError

if TYPE_CHECKING:
    from glacier.engine.result import Run
    from glacier.pipeline.pipeline import Pipeline


class PipelineHandler:
    """Runs a pipeline with a payload as its arguments.

    It is found as the attribute `handler` of the pipeline, in the module that defines that.

    Args:
        pipeline: The pipeline.
    """

    def __init__(self, pipeline: "Pipeline[..., Any]") -> None:  # Any: its result
        self._pipeline = pipeline
        self.__module__ = pipeline.function.__module__
        self.__name__ = "handler"
        self.__qualname__ = f"{pipeline.function.__qualname__}.handler"

    def __call__(self, payload: dict[str, Any]) -> dict[str, Any]:
        """Run the pipeline and return the summary of its run.

        Args:
            payload: The arguments of the pipeline's function; a schedule sends none.

        Raises:
            PayloadError: The arguments do not fit the function.
            RunError: A task failed; everything that did not depend on it is done and committed.
        """
        signature = self._pipeline.signature
        try:
            signature.bind(**payload)
        except TypeError as error:
            raise PayloadError(
                f"The pipeline {self._pipeline.name!r} takes "
                f"{', '.join(signature.parameters) or 'nothing'}; the payload has "
                f"{', '.join(payload) or 'nothing'}: {error}."
            ) from error
        try:
            with self._pipeline.run(**payload) as run:
                return summary(run)
        except RunError as error:
            error.run.close()
            raise

    def __repr__(self) -> str:
        return f"{self._pipeline!r}.handler"


def summary(run: "Run") -> dict[str, Any]:
    """Return what became of a run, as JSON: its state, times in seconds, and what it touched."""
    return {
        "pipeline": run.pipeline,
        "run_id": run.id,
        "status": str(run.status),
        "started_at": run.started_at.isoformat(),
        "duration_seconds": run.duration_seconds,
        "settle_seconds": run.settle_seconds,
        "tasks": {
            name: {
                "status": str(task.status),
                "attempts": task.attempts,
                "duration_seconds": task.duration_seconds,
                "reads": list(task.reads),
                "writes": list(task.writes),
            }
            for name, task in run.tasks.items()
        },
    }
