"""What a job is before it is submitted, and what is left of it when it has ended."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from glacier.errors import JobError
from glacier.job_status import JobStatus

if TYPE_CHECKING:
    from glacier.resources import Bucket


class JobDefinition(BaseModel):
    """One job: a Python or PySpark file with arguments, or a function with arguments."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    script: Path | None = None
    """A Python file of this machine, which runs as `python script.py args` or by `spark-submit`."""

    function: Callable[..., Any] | None = None
    """A function, in place of a script. Frames among its arguments travel through staging."""

    args: tuple[Any, ...] = ()
    """Positional arguments; a script gets each of them as text."""

    kwargs: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of a function; a script takes none."""

    environment: dict[str, str] = Field(default_factory=dict, repr=False)
    """Variables that are added to those that the job finds on its platform."""

    name: str | None = None
    """What consoles show; the script's or the function's name where None."""

    @field_validator("args", mode="before")
    @classmethod
    def _is_no_text(cls, args: object) -> object:
        if isinstance(args, str | bytes):
            raise ValueError(  # noqa: TRY004 - what pydantic tells as a wrong field
                f"they are one {type(args).__name__}; expected a list, such as "
                "['--day', '2024-01-01']"
            )
        return args

    @property
    def display_name(self) -> str:
        """The name that consoles show."""
        if self.name:
            return self.name
        if self.script is not None:
            return self.script.stem
        return getattr(self.function, "__name__", None) or type(self.function).__name__

    @classmethod
    def of(cls, job: object) -> "JobDefinition":
        """Return the definition that a mapping of its fields, a path or a callable stands for.

        Raises:
            JobError: It is none of these, its fields are wrong, or its script is not there.
        """
        if isinstance(job, str | os.PathLike):
            job = {"script": job}
        elif callable(job):
            job = {"function": job}
        if isinstance(job, Mapping):
            job = cls._of_fields(job)
        if not isinstance(job, JobDefinition):
            raise JobError(
                f"Expected a job; got {type(job).__name__}. Pass a function, the path of a Python "
                'script, or {"script": path, "args": [...], "environment": {...}}.'
            )
        job._check()  # noqa: SLF001 - its own
        return job

    @classmethod
    def _of_fields(cls, fields: Mapping[Any, Any]) -> "JobDefinition":
        unknown = [str(name) for name in fields if name not in cls.model_fields]
        if unknown:
            raise JobError(
                f"The job has unknown fields {', '.join(unknown)}; its fields are "
                f"{', '.join(cls.model_fields)}."
            )
        try:
            return cls(**fields)
        except ValidationError as error:
            # Values may be secrets: only what is wrong with them is shown.
            problems = "; ".join(
                f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
                for one in error.errors(include_input=False, include_url=False)
            )
            raise JobError(f"The job's fields are wrong: {problems}.") from None

    def _check(self) -> None:
        if (self.script is None) == (self.function is None):
            raise JobError(
                "The job has both a 'script' and a 'function', or neither; expected one of them."
            )
        if self.script is not None and self.kwargs:
            raise JobError("The job's script takes 'args' only; it can't be given 'kwargs'.")
        if self.script is not None and not self.script.is_file():
            raise JobError(
                f"The job's script {self.script.absolute()} is not there. Pass the path of an "
                "existing Python file.",
                script=self.script.absolute(),
            )


@dataclass(frozen=True, slots=True)
class JobResult:
    """What an ended job has left; a context manager that removes its staging at its end.

    Attributes:
        job_id: The id that `submit_job` returned.
        status: Its final state.
        value: What its function returned, with frames lazy or eager as they were returned; None
            for scripts. Lazy ones scan staging.
        duration_seconds: How long the function took over there; None where it is not known.
    """

    job_id: str
    status: JobStatus
    value: Any = None  # Any: whatever the user's function returns
    duration_seconds: float | None = None
    _place: "Bucket | None" = field(default=None, repr=False, compare=False)

    def close(self) -> None:
        """Remove what the job has left in staging; its lazy frames can't be collected any more."""
        if self._place is not None:
            self._place.delete()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
