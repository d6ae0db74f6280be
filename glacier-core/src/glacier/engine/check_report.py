"""What a check finds out about a pipeline."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from glacier.errors import CheckRefusedError

if TYPE_CHECKING:
    from glacier.resources.bucket import Bucket
    from glacier.resources.write import Write


class CheckStatus(StrEnum):
    """What a check could say of one task."""

    OK = "OK"
    FAILED = "FAILED"
    """A run would fail here."""
    NOT_CHECKABLE = "NOT_CHECKABLE"
    """The task needs values, not only columns and types; a run may well succeed."""
    SKIPPED = "SKIPPED"
    """It needs the result of a task that failed."""


@dataclass(slots=True, eq=False)
class TaskCheck:
    """What a check found out about one call of a task.

    Attributes:
        name: The call's name.
        error: Why it failed, or can't be checked.
        reads: The buckets that it scanned or read.
        writes: What it wrote, in order.
        looks_at_values: Whether it, or a frame that it is given, depends on values.
        guesses_types: Whether such a frame was read from what has other types once written.
    """

    name: str
    status: CheckStatus = CheckStatus.OK
    error: Exception | None = None
    reads: "list[Bucket]" = field(default_factory=list)
    writes: "list[Write]" = field(default_factory=list)
    looks_at_values: bool = False
    guesses_types: bool = False

    def __str__(self) -> str:
        note = ""
        if self.error is not None:
            is_refusal = isinstance(self.error, CheckRefusedError)
            kind = "" if is_refusal else f"{type(self.error).__name__}: "
            note = f": {kind}{str(self.error).splitlines()[0]}"
        return f"{self.status:<13} {self.name}{note}"


@dataclass(slots=True, eq=False)
class CheckReport:
    """What `Pipeline.check()` found.

    Attributes:
        pipeline: The pipeline's name.
        tasks: What was found out about every call, by its name, in order.
        warnings: What may go wrong in a run, or differ from one run to the next.
    """

    pipeline: str
    tasks: dict[str, TaskCheck] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing was found that must fail in a run."""
        return not self.errors

    @property
    def errors(self) -> dict[str, Exception]:
        """What must fail in a run, by the name of the call that is to blame."""
        return {
            name: task.error
            for name, task in self.tasks.items()
            if task.status is CheckStatus.FAILED and task.error is not None
        }

    def __str__(self) -> str:
        verdict = "no error found" if self.ok else "errors found"
        lines = [f"Check of {self.pipeline!r}: {verdict}", *map(str, self.tasks.values())]
        return "\n".join([*lines, *(f"warning: {text}" for text in self.warnings)])

    def __repr__(self) -> str:
        return str(self)
