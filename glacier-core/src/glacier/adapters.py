"""What a plugin implements: one adapter class for a resource on a platform.

Adapters are internal; users see only the resources. An adapter is made when its resource is
first used and lives as long as the resource.
"""

import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from glacier.errors import GlacierError, JobError
from glacier.storage import Location, Stage, WriteMode, new_token

if TYPE_CHECKING:
    import polars as pl
    from fsspec import AbstractFileSystem
    from polars._typing import SchemaDict

    from glacier.claims import Claim
    from glacier.drift import Difference
    from glacier.formats import Format
    from glacier.job_status import JobStatus
    from glacier.provider import Provider
    from glacier.resources import Bucket, Executor, Resource, Serverless  # noqa: F401 - in bases
    from glacier.resources.schedules import Cron
    from glacier.terraform import Block, Estate

R = TypeVar("R", bound="Resource")


class Adapter(ABC, Generic[R]):
    """The platform's side of one resource.

    Args:
        resource: The resource that is served.
        provider: Its provider, for the platform's config.
    """

    def __init__(self, resource: R, provider: "Provider") -> None:
        self.resource = resource
        self.provider = provider

    def translate(self, error: Exception) -> GlacierError | None:  # noqa: ARG002
        """Return Glacier's error for one of the platform's SDK; None for all others.

        It is asked first. Core knows by itself that a file is missing or that access is denied,
        where Polars or the standard library say so.
        """
        return None

    def deploy(self) -> None:
        """Create the resource on its platform, or update it in place; idempotent."""

    def drift(self) -> "Iterable[Difference]":
        """Return where the resource on its platform differs from what `deploy()` makes it.

        It asks, and changes nothing. Nothing for what is not deployed.
        """
        return ()

    def claims(self) -> "Iterable[Claim]":
        """Return what the resource's config says of things that others may speak of too.

        A bucket's path says something of its bucket, and perhaps of the account that holds it.
        Nothing for a resource that is all of its own.
        """
        return ()

    def blocks(self, estate: "Estate") -> "Iterable[Block]":  # noqa: ARG002
        """Return the resource as blocks of Terraform; a pure function of configs and `estate`.

        Args:
            estate: What all resources of the provider say together, and what pipelines touch.
        """
        return ()


class BucketAdapter(Adapter["Bucket"]):
    """Where a bucket's bytes lie, how Polars reaches them, and how a write becomes visible.

    A write is `stage()`, a sink into `stage.location`, then `commit()` or `discard()`. The
    contract: before `commit()` nobody can see anything; `commit()` makes a single file visible
    at once and whole; a stage that was discarded, or whose process died, never becomes visible
    and is swept after 24 hours, or sooner on proof that its writer is dead.
    """

    @classmethod
    def default_staging(cls, provider: "Provider") -> str | None:  # noqa: ARG003
        """Return the bucket through which jobs travel where a provider names none.

        With a prefix after a `/` if wanted; None for a platform on which providers have to name
        one. It may ask the platform who the caller is, and creates nothing.
        """
        return None

    def prepare_staging(self) -> None:
        """Make the bucket of `default_staging` where it is missing; before a job is packed."""

    @abstractmethod
    def location(self) -> Location:
        """Return where the bucket's path lies; touches no data."""

    @abstractmethod
    def get_uri(self) -> str:
        """Return the platform's canonical URI of the bucket's path."""

    @property
    @abstractmethod
    def filesystem(self) -> "AbstractFileSystem":
        """The fsspec filesystem, with the same identity that Polars uses."""

    def scan(
        self,
        chosen: "Format",
        schema: "SchemaDict | None",
        options: Mapping[str, Any],  # Any: the format's own scan options
    ) -> "pl.LazyFrame":
        """Return a lazy frame over the data; touches the store only if `schema` is None.

        To be replaced where Polars can't reach the store by itself.
        """
        return chosen.scan(self.location(), schema, options)

    @abstractmethod
    def exists(self) -> bool:
        """Return whether the path holds data: a file, or for a dataset at least one.

        False only when the store says 'not there'; anything else raises a `StorageError`.
        """

    @abstractmethod
    def list(self) -> list[str]:
        """Return the paths of all visible files below the path, relative to the bucket, sorted."""

    @abstractmethod
    def delete(self) -> None:
        """Delete what the path holds; nothing happens where nothing is."""

    @abstractmethod
    def stage(self, mode: WriteMode) -> Stage:
        """Return a new, empty, private place of the shape (file or dataset) of the path.

        Args:
            mode: What its commit will be: some stores want to know before the first byte whether
                the write may replace anything.
        """

    @abstractmethod
    def commit(self, stage: Stage, mode: WriteMode) -> None:
        """Make a completely written stage visible at the bucket's path.

        Raises:
            ObjectExistsError: `mode` is `error` and data has appeared meanwhile.
        """

    @abstractmethod
    def discard(self, stage: Stage) -> None:
        """Remove what a stage holds; never raises for one that is gone already."""


class ServerlessAdapter(Adapter["Serverless"]):
    """How a handler is packaged, deployed and called on a platform."""

    def schedule_of(self, cron: "Cron") -> str:
        """Return a schedule as the platform's config has it.

        To be replaced where that is not what cron itself has.
        """
        return str(cron)

    @abstractmethod
    def package(self) -> Path:
        """Build the archive that `deploy()` uploads, in a directory of its own; return its path."""

    @contextmanager
    def packaged(self) -> Iterator[Path]:
        """Build the archive for the time of a block, after which its directory is removed."""
        package = self.package()
        try:
            yield package
        finally:
            shutil.rmtree(package.parent)

    @abstractmethod
    def invoke(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Call the deployed function with a JSON object and return its JSON answer."""


@dataclass(frozen=True, slots=True)
class ScriptJob:
    """What a platform is asked to run: one Python file with arguments.

    Jobs that are functions or tasks arrive in this form too: their script is the entrypoint that
    unpacks and runs what lies in staging.

    Attributes:
        script: An existing Python file of this machine, an absolute path.
        args: Its command line, without the script itself.
        environment: Variables that are added to those that it finds there.
        requirements: Pins (`polars==2.1.0`) of what has to be importable there; empty for users'
            own scripts.
        name: What consoles show.
        token: This submission's own name, which makes a repeated request recognisable.
    """

    script: Path
    args: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    requirements: tuple[str, ...] = ()
    name: str = "job"
    token: str = field(default_factory=new_token)


@dataclass(frozen=True, slots=True)
class LogChunk:
    """A piece of a job's log.

    Attributes:
        text: What was printed since the cursor that was given.
        cursor: Where the next piece begins; opaque to everybody but the adapter.
    """

    text: str
    cursor: str


def unknown_cursor(cursor: str) -> JobError:
    """Return the error of a cursor that is of no piece of a log."""
    return JobError(
        f"{cursor!r} is no cursor of this log; expected that of a piece read before, or ''."
    )


class ExecutorAdapter(Adapter["Executor"]):
    """How a job is submitted and followed on a platform.

    Attributes:
        engine: What a job finds there: plain Python, or a Spark session for the asking.
    """

    engine: ClassVar[Literal["python", "spark"]] = "python"

    @property
    def keeps_identity(self) -> bool:
        """Whether jobs run on this machine as whoever submits them, with profiles and roles."""
        return False

    @property
    def python(self) -> str | None:
        """The minor version of Python that jobs find there, such as `3.11`; None if not known."""
        return None

    def check_runtime(self) -> None:
        """Refuse functions and tasks if the configured runtime can't run them; asks nobody.

        It is called before anything is packed or sent. Scripts of users may run all the same.

        Raises:
            JobError: The runtime can't run them; it names one that can.
        """

    @abstractmethod
    def submit_job(self, job: ScriptJob) -> str:
        """Start a job and return its id without waiting.

        Raises:
            JobError: It can't be started; nothing was.
        """

    @abstractmethod
    def get_job_status(self, job_id: str) -> "JobStatus":
        """Return the state of a job.

        Raises:
            JobNotFoundError: There is none of that id.
            OSError: The platform does not answer, `JobConnectionError` for one; it is asked again.
        """

    @abstractmethod
    def cancel_job(self, job_id: str) -> None:
        """Ask a job to stop; nothing happens to one that has ended."""

    @abstractmethod
    def get_job_logs(self, job_id: str) -> str:
        """Return what the job has printed so far."""

    def read_job_logs(self, job_id: str, cursor: str = "") -> LogChunk:
        """Return what the job has printed since a cursor; since its start where that is empty.

        To be replaced where the platform can be asked for a part of a log.

        Raises:
            JobError: The cursor is none.
        """
        if not re.fullmatch(r"\d*", cursor, re.ASCII):
            raise unknown_cursor(cursor)
        text = self.get_job_logs(job_id)
        return LogChunk(text[int(cursor or 0) :], str(len(text)))
