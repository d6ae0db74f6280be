"""The commands: each parses, calls and prints."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperCommand

from glacier.cli.failures import (
    FunctionFailedError,
    failed_run,
    failure_reported,
    function_errors,
    notes_of,
    one_line,
    print_traceback,
)
from glacier.cli.load import load_pipeline, load_providers
from glacier.cli.looking import looking
from glacier.cli.parameters import typed_parameters
from glacier.cli.plugins import print_report, report_plugins
from glacier.cli.progress import shown_progress
from glacier.deployment import Deployment
from glacier.errors import FunctionError, GlacierError, JobError, RunError, StorageError
from glacier.pipeline import Pipeline
from glacier.plugins import load_plugins
from glacier.provider import Provider

FAILED = 1
USAGE_ERROR = 2
DIFFERENT = 2  # as `terraform plan -detailed-exitcode` says it, for which errors are 1
UNFINISHED = 2  # something is left to do, by another command or by a person
INTERRUPTED = 130  # as shells say: 128 and the number of SIGINT

_WRITES_STAY = "Writes that were committed stay; nothing else was changed."
_MIGRATED_STAYS = "Files that were written stay, each of them whole; the others are as they were."
_DEPLOYED_STAYS = "What was deployed before stays; deploy again to finish."

_FAILURES = (RunError, StorageError, FunctionError, JobError, FunctionFailedError)
"""Errors of what was to be done; other ones are of how it was asked for."""

_UsageError: Any = typer.BadParameter.__base__  # typer has no name for click's

app = typer.Typer(
    help="Run, check and look into Glacier pipelines.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Target = Annotated[
    str,
    typer.Argument(
        metavar="FILE_OR_MODULE:PIPELINE",
        help="A .py file or a dotted module, and the pipeline in it; the name may be left out "
        "where there is only one.",
        show_default=False,
    ),
]
ProviderTarget = Annotated[
    str,
    typer.Argument(
        metavar="FILE_OR_MODULE:PROVIDER",
        help="A .py file or a dotted module, and the provider in it; without a name all providers "
        "of the module count.",
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
Traceback = Annotated[
    bool, typer.Option("--traceback", help="Show the whole traceback of an error.")
]


def main() -> None:
    """Run the `glacier` command on the arguments of this process."""
    app()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"glacier {version('glacier-core')}")
        raise typer.Exit


@app.callback()
def glacier(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Run, check and look into Glacier pipelines."""


@app.command()
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
    with _errors_told(show_traceback=show_traceback):
        pipeline, arguments = _loaded(target, param)
        with function_errors(pipeline), failure_reported(report), shown_progress(Console()):
            finished = pipeline.run(**arguments)
        with finished:
            if report is not None:
                typer.echo(f"Report: {finished.report(report)}")


@app.command()
def check(target: Target, param: Parameters = None, show_traceback: Traceback = False) -> None:
    """Find what can't work, on schemas alone; exit with 1 if something is found."""
    with _errors_told(show_traceback=show_traceback):
        pipeline, arguments = _loaded(target, param)
        with function_errors(pipeline):
            report = pipeline.check(**arguments)
    typer.echo(str(report))
    raise typer.Exit(0 if report.ok else FAILED)


@app.command()
def plan(target: Target, param: Parameters = None, show_traceback: Traceback = False) -> None:
    """Show what a run would do: its tasks, what they read and write, and what settles together."""
    with _errors_told(show_traceback=show_traceback):
        pipeline, arguments = _loaded(target, param)
        with function_errors(pipeline):
            typer.echo(str(pipeline.plan(**arguments)))


@app.command()
def graph(target: Target, param: Parameters = None, show_traceback: Traceback = False) -> None:
    """Show the graph of tasks as Mermaid text."""
    with _errors_told(show_traceback=show_traceback):
        pipeline, arguments = _loaded(target, param)
        with function_errors(pipeline):
            typer.echo(pipeline.graph(**arguments).mermaid(), nl=False)


@app.command()
def terraform(
    target: ProviderTarget,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="The directory for the document.", file_okay=False),
    ] = Path("terraform"),
    pipeline: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--pipeline",
            metavar="FILE_OR_MODULE:PIPELINE",
            help="A pipeline to check: roles then allow what its tasks touch, and no more. May be "
            "given several times.",
            show_default=False,
        ),
    ] = None,
    show_traceback: Traceback = False,
) -> None:
    """Write one Terraform configuration of all resources that providers have made."""
    # Only here: it loads what packs jobs, which `glacier --version` has no use for.
    from glacier.terraform.collect import collected

    with _errors_told(show_traceback=show_traceback):
        with looking("glacier terraform"):
            providers = load_providers(target)
            pipelines = [load_pipeline(one) for one in pipeline or []]
        with ExitStack() as stack:
            for one in pipelines:
                stack.enter_context(function_errors(one))
            document = collected(*providers.values(), pipelines=pipelines)
        for path in document.write(output):
            typer.echo(str(path))
        for note in document.notes:
            typer.echo(f"note: {note}", err=True)


@app.command()
def deploy(target: ProviderTarget, show_traceback: Traceback = False) -> None:
    """Deploy all resources that providers have made, and show what has changed."""
    with _errors_told(show_traceback=show_traceback, interrupted=_DEPLOYED_STAYS):
        is_changed = False
        providers = load_providers(target)
        for name, one in providers.items():
            _told_if_empty(name, one)
            done = one.deploy()
            if done.changes:
                typer.echo(f"{name}:\n{done}" if len(providers) > 1 else str(done))
            is_changed |= bool(done.changes)
    if not is_changed:
        typer.echo(str(Deployment()))


def _told_if_empty(name: str, provider: Provider) -> None:
    """Say of a provider that has made nothing that this is why nothing is done."""
    if not provider.get_resources():
        typer.echo(
            f"note: {name} has made no bucket, function or executor; what functions make "
            "counts once they were called",
            err=True,
        )


class _Comparing(TyperCommand):
    """A command of which 2 says that something differs, so that usage errors exit with 1."""

    def make_context(self, *args: Any, **kwargs: Any) -> Any:  # Any: click's, as it has them
        try:
            return super().make_context(*args, **kwargs)
        except _UsageError as error:
            error.exit_code = FAILED
            raise


@app.command(cls=_Comparing)
def drift(target: ProviderTarget, show_traceback: Traceback = False) -> None:
    """Compare what is on the platforms with the configs; exit with 2 where it differs."""
    with _errors_told(show_traceback=show_traceback, usage_error=FAILED):
        with looking("glacier drift"):
            providers = load_providers(target)
        found = []
        for name, provider in providers.items():
            _told_if_empty(name, provider)
            whose = f"{name}: " if len(providers) > 1 else ""
            found += [f"{whose}{one}" for one in provider.drift()]
    for line in found:
        typer.echo(line)
    if found:
        raise typer.Exit(DIFFERENT)
    typer.echo("Nothing differs.")


@app.command()
def migrate(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", help="Modules, and folders of them.", show_default=False),
    ],
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what changes; so it is without --write.")
    ] = False,
    write: Annotated[bool, typer.Option("--write", help="Write what changes.")] = False,
    show_traceback: Traceback = False,
) -> None:
    """Migrate code from V2 to V3; exit with 2 where something is left to do, with 1 on an error."""
    with _errors_told(
        show_traceback=show_traceback, usage_error=FAILED, interrupted=_MIGRATED_STAYS
    ):
        # Only here: it needs libcst, which nothing else does.
        from glacier.cli.migrate import migrate_paths, summary

        tally = migrate_paths(
            paths, shows_diff=diff or not write, writes=write, show_traceback=show_traceback
        )
    typer.echo(summary(tally, writes=write), err=True)
    if tally.errors:
        raise typer.Exit(FAILED)
    if tally.findings or (tally.changed and not write):
        raise typer.Exit(UNFINISHED)


@app.command()
def plugins() -> None:
    """List the installed plugins; exit with 1 if one of them can't be used."""
    report = report_plugins(load_plugins())
    print_report(report, Console())
    raise typer.Exit(0 if report.ok else FAILED)


@app.command()
def new_plugin(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="The plugin's name, such as `ice-cellar`.", show_default=False
        ),
    ],
    directory: Annotated[
        Path | None,
        typer.Option(
            help="Where to write; `glacier-NAME` where it is not given.", show_default=False
        ),
    ] = None,
    show_traceback: Traceback = False,
) -> None:
    """Write a distribution with a plugin that works: a store, its configs and its tests."""
    # Only here: no other command writes one.
    from glacier.plugin_template import write_plugin

    with _errors_told(show_traceback=show_traceback):
        for path in write_plugin(name, directory):
            typer.echo(str(path))


@app.command()
def jobs(
    cancel: Annotated[bool, typer.Option("--cancel", help="Cancel those that go on.")] = False,
) -> None:
    """List the jobs of runs that died before them; exit with 1 if one of them goes on."""
    # Only here: it loads Polars, which `glacier --version` has no use for.
    from glacier.cli.jobs import forget_ended, look_at, print_jobs
    from glacier.engine.leftovers import left_behind

    found = [look_at(job, cancel=cancel) for job in left_behind()]
    if not found:
        typer.echo("No run has left a job behind.")
        return
    print_jobs(found, Console())
    forget_ended(found)
    raise typer.Exit(0 if all(one.has_ended for one in found) else FAILED)


@app.command()
def demo(
    base_path: Annotated[
        Path, typer.Option(help="The directory for the demo's data.", file_okay=False)
    ] = Path("demo-data"),
    show_traceback: Traceback = False,
) -> None:
    """Run a pipeline over the 336,776 flights that left New York City in 2013."""
    # Only here: it loads Polars, which `glacier --version` has no use for.
    from glacier.cli.demo import run_demo

    with _errors_told(show_traceback=show_traceback):
        run_demo(base_path, Console())


def _loaded(
    target: str, param: list[str] | None
) -> tuple[Pipeline[..., Any], dict[str, Any]]:  # Any: what the pipeline's annotations say
    pipeline = load_pipeline(target)
    return pipeline, typed_parameters(pipeline, param or [])


@contextmanager
def _errors_told(
    *, show_traceback: bool, usage_error: int = USAGE_ERROR, interrupted: str = _WRITES_STAY
) -> Iterator[None]:
    """Tell Glacier's errors on stderr and turn them into exit codes."""
    try:
        yield
    except GlacierError as error:
        if show_traceback:
            print_traceback(error)
        else:
            typer.echo(
                failed_run(error) if isinstance(error, RunError) else one_line(error), err=True
            )
            _tell_notes(error)
        raise typer.Exit(FAILED if isinstance(error, _FAILURES) else usage_error) from None
    except KeyboardInterrupt as error:
        typer.echo(f"Interrupted. {interrupted}", err=True)
        _tell_notes(error)
        raise typer.Exit(INTERRUPTED) from None


def _tell_notes(error: BaseException) -> None:
    for note in notes_of(error):
        typer.echo(note, err=True)
