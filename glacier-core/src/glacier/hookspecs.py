"""The whole plugin surface: every hook that Glacier calls.

A plugin is a module that an installed distribution names under the entry-point group
`glacier`. It marks the hooks it implements with `hookimpl`. Hooks only describe; the work is
done by the adapters that they name.
"""

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from glacier.config import ProviderConfig
    from glacier.engine.result import Run, TaskRun
    from glacier.registry import AdapterSpec, FormatSpec

hookspec = pluggy.HookspecMarker("glacier")
hookimpl = pluggy.HookimplMarker("glacier")


@hookspec
def glacier_register_adapters() -> "Iterable[AdapterSpec]":
    """Return which adapter serves which resource type under which config type."""
    raise AssertionError("a hook specification is never called itself")


@hookspec
def glacier_register_configs() -> "Mapping[str, str]":
    """Return the names that `glacier.config` offers, each with its `module:attribute`."""
    raise AssertionError("a hook specification is never called itself")


@hookspec
def glacier_register_formats() -> "Iterable[FormatSpec]":
    """Return file and table formats that buckets can then name."""
    raise AssertionError("a hook specification is never called itself")


@hookspec
def glacier_config_from_env(environ: "Mapping[str, str]") -> "ProviderConfig | None":  # noqa: ARG001
    """Return a provider config if these environment variables are meant for this platform."""
    raise AssertionError("a hook specification is never called itself")


@hookspec
def glacier_run_started(run: "Run") -> None:  # noqa: ARG001
    """Observe a run before its first task."""
    raise AssertionError("a hook specification is never called itself")


@hookspec
def glacier_task_started(run: "Run", task: "TaskRun") -> None:  # noqa: ARG001
    """Observe a task before its body runs."""
    raise AssertionError("a hook specification is never called itself")


@hookspec
def glacier_task_finished(run: "Run", task: "TaskRun") -> None:  # noqa: ARG001
    """Observe a task that has succeeded (its writes committed), failed or been skipped."""
    raise AssertionError("a hook specification is never called itself")


@hookspec
def glacier_run_finished(run: "Run") -> None:  # noqa: ARG001
    """Observe a run after its last commit, whatever its status."""
    raise AssertionError("a hook specification is never called itself")
