"""What `glacier jobs` shows: jobs that runs have left behind when they died."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from glacier.engine.leftovers import LeftJob, forget
from glacier.errors import GlacierError
from glacier.job_status import JobStatus

_LONGEST_WHOLE_ID = 40


@dataclass(frozen=True, slots=True)
class FoundJob:
    """A job that was left behind, and what its executor says of it.

    Attributes:
        job: What its run has noted.
        status: Its state; None where its executor can't tell.
        problem: Why not.
    """

    job: LeftJob
    status: JobStatus | None
    problem: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it goes on."""
        return self.status is not None and self.status.is_final


def look_at(job: LeftJob, *, cancel: bool) -> FoundJob:
    """Ask a job's executor for its state; cancel it before, if that is wanted."""
    try:
        executor = job.executor()
        if cancel:
            executor.cancel_job(job.job_id)
        return FoundJob(job, executor.get_job_status(job.job_id))
    except (GlacierError, OSError) as error:
        return FoundJob(job, None, str(error))


def forget_ended(found: Sequence[FoundJob]) -> None:
    """Remove the records of dead runs of which no job goes on."""
    going_on = {one.job.run for one in found if not one.has_ended}
    for run in {one.job.run for one in found} - going_on:
        forget(run)


def print_jobs(found: Sequence[FoundJob], console: Console) -> None:
    """Print a line for every job."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    # In one piece, to be copied, unless it would leave no room for all else.
    is_whole = max(len(one.job.job_id) for one in found) <= _LONGEST_WHOLE_ID
    for header in ("pipeline", "tasks", "executor", "job", "state", "submitted"):
        table.add_column(header, overflow="fold", no_wrap=header == "job" and is_whole)
    for one in found:
        job = one.job
        tasks, state = ", ".join(job.tasks), one.status or "unknown"
        submitted = job.submitted_at.partition(".")[0]
        table.add_row(job.pipeline, tasks, job.executor_name, job.job_id, state, submitted)
    console.print(table, markup=False)
    for one in found:
        if one.problem:
            line = f"{one.job.job_id}: {one.problem}"
            console.print(line, style="red", markup=False, soft_wrap=True)
