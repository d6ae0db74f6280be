"""The steps of a plan, which show themselves as text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, eq=False)
class TaskStep:
    """That a task's body runs.

    Attributes:
        name: The call's name.
        after: The names of the calls that it waits for.
        reads: The URIs that it scans or reads.
        writes: The URIs that it writes, each with its mode.
        note: Why it could not be looked into; empty if it could.
    """

    name: str
    after: tuple[str, ...]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    note: str = ""

    def __str__(self) -> str:
        lines = [f"task {self.name}" + (f"  (after {', '.join(self.after)})" if self.after else "")]
        lines += [f"  reads  {uri}" for uri in self.reads]
        lines += [f"  writes {uri}" for uri in self.writes]
        if self.note:
            lines.append(f"  not known: {self.note}")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, eq=False)
class JobStep:
    """That tasks run together on an executor.

    Attributes:
        executor: The executor's name.
        tasks: The tasks that travel as one job.
        takes: How each frame from outside gets there.
        brings: The names of the calls whose results come back.
    """

    executor: str
    tasks: tuple[TaskStep, ...]
    takes: tuple[str, ...]
    brings: tuple[str, ...]

    def __str__(self) -> str:
        lines = [f"job on {self.executor}"]
        lines += [f"  takes  {text}" for text in self.takes]
        lines += [f"  {line}" for task in self.tasks for line in str(task).splitlines()]
        lines += [f"  brings the result of {name!r}, through staging" for name in self.brings]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, eq=False)
class SettleStep:
    """That pending writes are executed and committed.

    Attributes:
        reason: What makes it happen here.
        queries: The URIs that are written by one query, for every query.
    """

    reason: str
    queries: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        lines = [f"settle  ({self.reason})"]
        lines += [f"  one query: {', '.join(uris)}" for uris in self.queries]
        return "\n".join(lines)


Step = TaskStep | JobStep | SettleStep
