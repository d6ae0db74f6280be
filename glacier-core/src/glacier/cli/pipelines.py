"""The commands about one pipeline: run, check, plan and graph."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from glacier.cli.exits import FAILED, Traceback, errors_told
from glacier.cli.failures import failure_reported, function_errors
from glacier.cli.load import load_pipeline
from glacier.cli.parameters import typed_parameters
from glacier.cli.progress import shown_progress
from glacier.pipeline import Pipeline

Target = Annotated[
    str,
    typer.Argument(
        metavar="FILE_OR_MODULE:PIPELINE",
        help="A .py file or a dotted module, and the pipeline in it; the name may be left out "
        "where there is only one.",
        show_default=False,
    ),
]
Parameters = Annotated[
    list[str] | None,
    typer.Option(
        "-p",
        "--param",
        metavar="NAME=VALUE",
        help="An argument of the pipeline's function, converted as its annotation says; the same "
        "name again makes a list.",
        show_default=False,
    ),
]


def run(
    target: Target,
    param: Parameters = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report",
            metavar="FILE.html",
            help="Write a page about the run, also about one that failed.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    show_traceback: Traceback = False,
) -> None:
    """Run a pipeline; exit with 1 if a task failed."""
    with errors_told(show_traceback=show_traceback):
        pipeline, arguments = _loaded(target, param)
        with function_errors(pipeline), failure_reported(report), shown_progress(Console()):
            finished = pipeline.run(**arguments)
        with finished:
            if report is not None:
                typer.echo(f"Report: {finished.report(report)}")


def check(target: Target, param: Parameters = None, show_traceback: Traceback = False) -> None:
    """Find what can't work, on schemas alone; exit with 1 if something is found."""
    with errors_told(show_traceback=show_traceback):
        pipeline, arguments = _loaded(target, param)
        with function_errors(pipeline):
            report = pipeline.check(**arguments)
    typer.echo(str(report))
    raise typer.Exit(0 if report.ok else FAILED)


def plan(target: Target, param: Parameters = None, show_traceback: Traceback = False) -> None:
    """Show what a run would do: its tasks, what they read and write, and what settles together."""
    with errors_told(show_traceback=show_traceback):
        pipeline, arguments = _loaded(target, param)
        with function_errors(pipeline):
            typer.echo(str(pipeline.plan(**arguments)))


def graph(target: Target, param: Parameters = None, show_traceback: Traceback = False) -> None:
    """Show the graph of tasks as Mermaid text."""
    with errors_told(show_traceback=show_traceback):
        pipeline, arguments = _loaded(target, param)
        with function_errors(pipeline):
            typer.echo(pipeline.graph(**arguments).mermaid(), nl=False)


def _loaded(
    target: str, param: list[str] | None
) -> tuple[Pipeline[..., Any], dict[str, Any]]:  # Any: what the pipeline's annotations say
    pipeline = load_pipeline(target)
    return pipeline, typed_parameters(pipeline, param or [])
