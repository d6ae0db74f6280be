"""The table of `glacier plugins`: what is installed, what it registers, what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from glacier.errors import PluginError
from glacier.plugins import Plugin, Plugins


@dataclass(slots=True)
class PluginReport:
    """What `glacier plugins` tells.

    Attributes:
        working: The plugins that were loaded, each with what it registers.
        problems: A sentence for everything that is broken or claimed twice.
    """

    working: list[tuple[Plugin, list[str]]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def report_plugins(plugins: Plugins) -> PluginReport:
    """Ask every plugin what it registers; one that can't say is a problem, not an error."""
    report = PluginReport()
    conflicts = [*plugins.registry.conflicts()]
    for problem in (_formats_problem(plugins), *_config_problems(plugins)):
        if problem is not None:
            conflicts.append(problem)
    for plugin in plugins.installed:
        if plugin.error is None:
            report.working.append((plugin, _registered(plugins, plugin)))
        else:
            report.problems.append(str(plugin.error))
    report.problems += conflicts
    return report


def print_report(report: PluginReport, console: Console) -> None:
    """Print the plugins as a table, and the problems below it."""
    table = Table("plugin", "distribution", "registers", box=None, header_style="bold", pad_edge=False)
    for plugin, registered in report.working:
        table.add_row(plugin.name, plugin.distribution, "\n".join(registered) or "nothing")
    console.print(table)
    for problem in report.problems:
        console.print(f"\nBROKEN  {problem}", style="red", markup=False, soft_wrap=True)
