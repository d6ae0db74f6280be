"""What a run remembers of its writes: each settle, its queries, and what became visible."""

from dataclasses import dataclass, field

from glacier.resources.filled import Filled

NOTHING_KNOWN = Filled()


@dataclass(frozen=True, slots=True)
class QueryRun:
    """One query of Polars that filled the stages of one or more writes.

    Attributes:
        uris: The targets of its sinks, in order.
        started_seconds: When it began, counted from the run's start.
        duration_seconds: How long it took.
        has_failed: Whether it raised; its writes were then tried again one by one, or failed.
        plan: Its optimised plan, without known secrets; empty where it was not kept.
    """

    uris: tuple[str, ...]
    started_seconds: float
    duration_seconds: float
    has_failed: bool = False
    plan: str = ""


@dataclass(slots=True, eq=False)
class WriteRun:
    """One write of one task, as its settle has left it.

    Attributes:
        task: The name of the call that asked for it.
        uri: The target.
        mode: The write's mode.
        is_committed: Whether it is visible now; else the target is as it was.
        filled: What its stage held.
    """

    task: str
    uri: str
    mode: str
    is_committed: bool = False
    filled: Filled = NOTHING_KNOWN

    @property
    def rows(self) -> int | None:
        """How many rows were written; None where nobody has counted them."""
        return self.filled.rows

    @property
    def size_bytes(self) -> int | None:
        """How large the written files are together; None where that is not known."""
        return self.filled.size_bytes


@dataclass(slots=True, eq=False)
class SettleRun:
    """One settle: writes that were executed and committed together.

    Attributes:
        reason: What made it happen.
        started_seconds: When it began, counted from the start of the run, or of the part of it
            that a job was.
        duration_seconds: How long it took.
        queries: What was executed, in order.
        writes: What was to be written, in order.
        executor: Where a job did it; empty for a settle of the run's own process.
    """

    reason: str
    started_seconds: float
    duration_seconds: float = 0.0
    queries: list[QueryRun] = field(default_factory=list)
    writes: list[WriteRun] = field(default_factory=list)
    executor: str = ""
