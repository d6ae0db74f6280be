"""What `glacier plugins` shows: what is installed, what it registers, what is wrong."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import NoneType
from typing import Any

from rich.console import Console
from rich.table import Table

from glacier.errors import PluginConflictError
from glacier.plugins import Plugin, Plugins
from glacier.registry import AdapterSpec


@dataclass(slots=True)
class PluginReport:
    """What is to be said of the installed plugins.

    Attributes:
        working: The plugins that were loaded, each with lines on what it registers.
        broken: The plugins that were not.
        conflicts: Sentences on what several plugins claim, or register without having it.
    """

    working: list[tuple[Plugin, list[str]]] = field(default_factory=list)
    broken: list[Plugin] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything that is installed can be used."""
        return not self.broken and not self.conflicts


def report_plugins(plugins: Plugins) -> PluginReport:
    """Ask every plugin for all that it registers."""
    # In this order: a plugin that fails to declare something is broken from then on.
    conflicts = [*plugins.registry.conflicts(), *_format_conflicts(plugins)]
    conflicts += _config_problems(plugins)
    report = PluginReport(broken=plugins.broken, conflicts=conflicts)
    for plugin in plugins.installed:
        if plugin.error is None:
            report.working.append((plugin, _registered(plugins, plugin)))
    return report


def print_report(report: PluginReport, console: Console) -> None:
    """Print the working plugins as a table, and what is wrong below it."""
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    for header in ("plugin", "distribution", "registers"):
        table.add_column(header, overflow="fold")
    for plugin, lines in report.working:
        table.add_row(plugin.name, plugin.distribution, "\n".join(lines) or "nothing")
    console.print(table, markup=False)
    for plugin in report.broken:
        console.print(f"BROKEN    {plugin.error}", style="red", markup=False, soft_wrap=True)
    for conflict in report.conflicts:
        console.print(f"CONFLICT  {conflict}", style="red", markup=False, soft_wrap=True)


def _format_conflicts(plugins: Plugins) -> list[str]:
    try:
        _ = plugins.formats
    except PluginConflictError as error:
        return [str(error)]
    return []


def _config_problems(plugins: Plugins) -> list[str]:
    problems = []
    for name in plugins.config_names():
        try:
            plugins.config(name)
        except Exception as error:  # noqa: BLE001 - the module of a plugin's config may raise anything
            problems.append(f"The config {name!r} can't be used: {error}")
    return problems


def _registered(plugins: Plugins, plugin: Plugin) -> list[str]:
    """Return a line for every hook that a plugin implements."""
    module = plugins.manager.get_plugin(plugin.name)
    lines = []
    for hook in plugins.manager.get_hookcallers(module) or ():
        describe = _DECLARATIONS.get(hook.name)
        if describe is None:
            lines.append(f"hook: {hook.name}")
            continue
        mine = [one for one in hook.get_hookimpls() if one.plugin is module]
        lines += [describe(one.function()) for one in mine]
    return lines


def _adapters(specs: Iterable[AdapterSpec]) -> str:
    shown = []
    for spec in specs:
        config = "no config" if spec.config is NoneType else spec.config.__name__
        shown.append(f"{spec.resource.__name__} with {config}")
    return f"adapters: {', '.join(shown)}"


_DECLARATIONS: dict[str, Callable[[Any], str]] = {  # Any: what each hook returns
    "glacier_register_adapters": _adapters,
    "glacier_register_configs": lambda configs: f"configs: {', '.join(configs)}",
    "glacier_register_formats": lambda specs: f"formats: {', '.join(one.name for one in specs)}",
}
