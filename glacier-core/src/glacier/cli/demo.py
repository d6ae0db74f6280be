"""What `glacier demo` does: runs its pipeline and prints what came of it."""

from pathlib import Path

import polars as pl
from rich.console import Console
from rich.table import Table

from glacier import Bucket, Provider
from glacier.cli.progress import shown_progress
from glacier.config import LocalConfig
from glacier.demo import flight_report
from glacier.demo_tables import TABLES, read_table
from glacier.engine.plan import Plan
from glacier.engine.plan_steps import SettleStep

_SHOWN_CARRIERS = 5


def run_demo(base_path: Path, console: Console) -> None:
    """Run the demo and print its findings, its files and how they were made.

    Args:
        base_path: The directory for the buckets.
        console: Where to print.

    Raises:
        MissingPackageError: The packages of the extra `demo` aren't installed.
        PipelineError: The run failed.
    """
    # First, so that a missing package is told as such and not as five tasks that failed.
    read_table(TABLES[0])
    with shown_progress(console):
        run = flight_report.run(base_path=base_path)
    reports = Provider(config=LocalConfig(base_path=base_path)).bucket("reports")
    totals = run.result.row(0, named=True)
    console.print(
        f"\n[bold]{totals['flights']:,} flights[/] left New York City in 2013: "
        f"{totals['on_time']:.1%} arrived on time, {totals['cancelled']:,} were cancelled.\n",
        soft_wrap=True,
    )
    console.print(_carriers(reports / "carriers.parquet"))
    together = _written_together(flight_report.plan(base_path=base_path))
    console.print(f"\n[bold]{len(together)} reports[/], written by one query:\n")
    console.print(_files(reports, together))
    console.print(
        f"\n{len(run.tasks)} tasks in {run.duration_seconds:.2f} s, of which "
        f"{run.settle_seconds:.2f} s went into the queries that write.",
        soft_wrap=True,
    )


def _carriers(report: Bucket) -> Table:
    """Return the most punctual airlines as a table."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("most punctual airlines")
    for header in ("flights", "on time", "mean delay"):
        table.add_column(header, justify="right")
    for row in report.scan().head(_SHOWN_CARRIERS).collect().iter_rows(named=True):
        table.add_row(
            row["airline"],
            f"{row['flights']:,}",
            f"{row['on_time']:.1%}",
            f"{row['mean_delay_minutes']:+.1f} min",
        )
    return table


def _written_together(plan: Plan) -> tuple[str, ...]:
    """Return the URIs of the largest query that a run executes."""
    queries = [
        query for step in plan.steps if isinstance(step, SettleStep) for query in step.queries
    ]
    return max(queries, key=len, default=())


def _files(reports: Bucket, uris: tuple[str, ...]) -> Table:
    """Return the reports as a table: where they are and how many rows they hold."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for uri in uris:
        report = reports / uri.removeprefix(reports.get_uri()).lstrip("/")
        rows = report.scan().select(pl.len()).collect().item()
        table.add_row(report.adapter.location().path, f"{rows:,} {'row' if rows == 1 else 'rows'}")
    return table
