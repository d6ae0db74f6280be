"""The commands about what providers have made: terraform, deploy and drift."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from glacier.cli.exits import DIFFERENT, FAILED, Traceback, errors_told
from glacier.cli.failures import function_errors
from glacier.cli.load import load_pipeline, load_providers
from glacier.cli.looking import looking
from glacier.deployment import Deployment
from glacier.provider import Provider

_DEPLOYED_STAYS = "What was deployed before stays; deploy again to finish."

ProviderTarget = Annotated[
    str,
    typer.Argument(
        metavar="FILE_OR_MODULE:PROVIDER",
        help="A .py file or a dotted module, and the provider in it; without a name all providers "
        "of the module count.",
        show_default=False,
    ),
]


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

    with errors_told(show_traceback=show_traceback):
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


def deploy(target: ProviderTarget, show_traceback: Traceback = False) -> None:
    """Deploy all resources that providers have made, and show what has changed."""
    with errors_told(show_traceback=show_traceback, interrupted=_DEPLOYED_STAYS):
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


def drift(target: ProviderTarget, show_traceback: Traceback = False) -> None:
    """Compare what is on the platforms with the configs; exit with 2 where it differs."""
    with errors_told(show_traceback=show_traceback, usage_error=FAILED):
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
