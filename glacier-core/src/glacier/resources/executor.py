"""An executor: what runs jobs, on whatever platform its own config names."""

from typing import TYPE_CHECKING, Any, cast

from glacier.config.base import Config
from glacier.errors import ConfigMismatchError, JobError
from glacier.resources.base import ConfigArgument, Resource
from glacier.scope import current_scope

if TYPE_CHECKING:
    from glacier.adapters import ExecutorAdapter, LogChunk
    from glacier.job_status import JobStatus
    from glacier.jobs import JobResult
    from glacier.provider import Provider
    from glacier.resources.bucket import Bucket


class Executor(Resource):
    """A place where jobs run; its own config decides which, so it crosses clouds.

    Made by `Provider.executor`, whose documentation has the arguments.

    Attributes:
        runtime: The runtime that was asked for, or None.
    """

    def __init__(
        self,
        name: str,
        provider: "Provider | None" = None,
        config: ConfigArgument = None,
        runtime: str | None = None,
    ) -> None:
        self.runtime = runtime
        self._places: dict[str, Bucket | None] = {}
        super().__init__(provider, config, name)

    def dispatch_config(self) -> Config | None:
        """Return the executor's own config: the provider's says only where it runs."""
        return self.config

    def _accepted(self, config: ConfigArgument) -> Config | None:
        """Return the one config whose adapter works under the provider's config."""
        from glacier.plugins import load_plugins

        registry, platform = load_plugins().registry, self.provider.config
        candidates = [None] if config is None else self._candidates(config)
        specs = [registry.find(type(self), type(one)) for one in candidates]
        fitting = [
            one
            for one, spec in zip(candidates, specs, strict=True)
            if not spec.providers or isinstance(platform, spec.providers)
        ]
        if len(fitting) != 1:
            given = ", ".join(type(one).__name__ for one in candidates) or "an empty list"
            wanted = sorted({kind.__name__ for spec in specs for kind in spec.providers})
            fit = f"of which {len(fitting)} apply" if fitting else "which does not apply"
            raise ConfigMismatchError(
                f"Executor on {type(platform).__name__} got {given}, {fit} there; expected just "
                f"one that does. It works with {', '.join(wanted) or 'any'}. "
                "Pass a config of an executor that this platform has."
            )
        return fitting[0]

    def submit_job(self, job: object) -> str:
        """Start a job and return its id without waiting for it.

        Args:
            job: A function that needs no arguments; the path of a Python file; or a
                `JobDefinition` or a mapping of its fields: `script` or `function`, `args`,
                `kwargs` (of functions), `environment` and `name`. A function travels through
                the provider's staging, with its arguments and the frames among them.

        Raises:
            JobError: The job is none of these, or can't be submitted. Nothing was started.
            PackageError: The function, or an argument, can't travel.
        """
        scope = current_scope.get()
        if scope is not None:
            scope.before_effect(f"submit a job to {self!r}")
        from glacier.jobs.submit import submit

        job_id, place = submit(self, job)
        self._places[job_id] = place
        return job_id

    def get_job_status(self, job_id: str) -> "JobStatus":
        """Return the state of a job.

        Raises:
            JobNotFoundError: There is no job of that id.
        """
        return self.adapter.get_job_status(job_id)

    def cancel_job(self, job_id: str) -> None:
        """Ask a job to stop; nothing happens to one that has ended.

        Raises:
            JobNotFoundError: There is no job of that id.
        """
        self.adapter.cancel_job(job_id)

    def get_job_logs(self, job_id: str) -> str:
        """Return what a job has printed so far, output and errors together.

        Raises:
            JobNotFoundError: There is no job of that id.
        """
        return self.adapter.get_job_logs(job_id)

    def read_job_logs(self, job_id: str, cursor: str = "") -> "LogChunk":
        """Return what a job has printed since a cursor, and the next cursor.

        Args:
            job_id: What `submit_job` returned.
            cursor: That of the last piece; empty for the log's start.

        Raises:
            JobNotFoundError: There is no job of that id.
        """
        return self.adapter.read_job_logs(job_id, cursor)

    def get_job_result(self, job_id: str) -> "JobResult":
        """Return what a job has left that this very object submitted.

        A function's value comes back as it was returned, its frames lazy or eager as they were;
        lazy ones scan the provider's staging, which keeps all that the job left until
        `JobResult.close()`. A script leaves its status alone.

        Raises:
            RemoteError: The job's function raised; the message has the traceback over there.
            JobError: The job has not ended, was cancelled or died without a result, or another
                object has submitted it.
            JobNotFoundError: There is no job of that id.
        """
        from glacier.jobs.submit import result_of

        status = self.adapter.get_job_status(job_id)
        if job_id not in self._places:
            raise JobError(
                f"The job {job_id} was submitted by another object than this {self!r}, which "
                "doesn't know where its result lies. Ask the one that submitted it.",
                job_id=job_id,
            )
        return result_of(self.adapter, job_id, status, self._places[job_id])

    def wait(self, job_id: str, *, timeout_seconds: float | None = None) -> "JobStatus":
        """Return a job's final state once it has ended.

        Args:
            job_id: What `submit_job` returned.
            timeout_seconds: How long to wait; None for as long as it takes.

        Raises:
            JobTimeoutError: The job goes on after that time.
            JobNotFoundError: There is no job of that id.
        """
        from glacier.job_status import wait_for_job

        return wait_for_job(self.adapter, job_id, timeout_seconds=timeout_seconds)

    @property
    def adapter(self) -> "ExecutorAdapter":
        """The adapter that serves this executor."""
        return cast("ExecutorAdapter", self._get_adapter())

    def __getstate__(self) -> "dict[str, Any]":
        # Results stay with the object that submitted their jobs.
        return {**super().__getstate__(), "_places": {}}

    def _generate_name(self) -> str:
        kind = type(self.config).__name__ if self.config else "local"
        return kind.lower().replace("config", "") + "_executor"

    def __repr__(self) -> str:
        return f"Executor({self.name!r})"
