"""The `glacier` command: its subcommands parse, call and print."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from glacier.cli import pipelines, providers
from glacier.cli.exits import FAILED, UNFINISHED, AnsweringCommand, Traceback, errors_told
from glacier.cli.plugins import print_report, report_plugins
from glacier.plugins import load_plugins

_MIGRATED_STAYS = "Files that were written stay, each of them whole; the others are as they were."

app = typer.Typer(
    help="Run, check and look into Glacier pipelines.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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


app.command()(pipelines.run)
app.command()(pipelines.check)
app.command()(pipelines.plan)
app.command()(pipelines.graph)
app.command()(providers.terraform)
app.command()(providers.deploy)
app.command(cls=AnsweringCommand)(providers.drift)


@app.command(cls=AnsweringCommand)
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
    with errors_told(
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

    with errors_told(show_traceback=show_traceback):
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

    with errors_told(show_traceback=show_traceback):
        run_demo(base_path, Console())
