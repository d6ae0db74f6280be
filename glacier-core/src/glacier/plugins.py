"""Finds the installed plugins and asks them what they offer.

Nothing here runs at import: the first adapter, config or format that is asked for loads the
plugins once. A plugin that fails to load is remembered with its reason and costs the others
nothing.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from glacier import hookspecs
from glacier.errors import HookError, PluginConflictError, PluginError
from glacier.registry import AdapterSpec, FormatSpec, Registry, load_string

if TYPE_CHECKING:
    from glacier.config import ProviderConfig

ENTRY_POINT_GROUP = "glacier"
PREFIX = "glacier_"
_MARK = "glacier_impl"
"""The attribute that pluggy's marker for the project `glacier` sets."""

DeclaredT = TypeVar("DeclaredT")


@dataclass(frozen=True, slots=True)
class Plugin:
    """One installed plugin.

    Attributes:
        name: Its entry point's name.
        distribution: The distribution that declares it, with its version.
        error: Why it could not be loaded; None if it was.
    """

    name: str
    distribution: str
    error: Exception | None = field(default=None, compare=False)


class Plugins:
    """The loaded plugins, and what they declare.

    Args:
        points: The entry points to load; those of the group `glacier` where None.
        blocked: Names of plugins that are left out.
    """

    def __init__(
        self, points: Iterable[EntryPoint] | None = None, *, blocked: Iterable[str] = ()
    ) -> None:
        self.manager = pluggy.PluginManager("glacier")
        self.manager.add_hookspecs(hookspecs)
        self.installed: list[Plugin] = []
        skipped = set(blocked)
        for point in entry_points(group=ENTRY_POINT_GROUP) if points is None else points:
            if point.name not in skipped:
                self.installed.append(self._load(point))

    def _load(self, point: EntryPoint) -> Plugin:
        dist = point.dist
        origin = f"{dist.name} {dist.version}" if dist else point.value
        if self.manager.has_plugin(point.name):
            conflict = PluginConflictError(
                f"The plugin name {point.name!r} is taken by {self.origin(point.name)} and by "
                f"{origin}, which was left out. Uninstall one of them."
            )
            return Plugin(point.name, origin, conflict)
        try:
            module = point.load()
            _refuse_wrong_hooks(module, point.name, origin)
            self.manager.register(module, name=point.name)
            self.manager.check_pending()
        except Exception as error:  # noqa: BLE001 - a plugin's import may raise anything
            if self.manager.has_plugin(point.name):
                self.manager.unregister(name=point.name)
            return Plugin(point.name, origin, _as_plugin_error(point.name, origin, error))
        return Plugin(point.name, origin)

    def origin(self, name: str) -> str:
        """Return the distribution of the plugin of that name."""
        return next((p.distribution for p in self.installed if p.name == name), name)

    @property
    def broken(self) -> list[Plugin]:
        """The plugins that could not be loaded, with their errors."""
        return [plugin for plugin in self.installed if plugin.error is not None]

    def broken_note(self, name: str) -> str:
        """Return a sentence on why the plugin of that name is broken; empty if it isn't."""
        errors = [plugin.error for plugin in self.broken if plugin.name == name]
        return f" ({errors[0]})" if errors else ""

    @cached_property
    def registry(self) -> Registry:
        """The adapters of all plugins."""
        registry = Registry()
        for name, specs in self._declarations("glacier_register_adapters", _adapter_specs):
            registry.add(specs, source=self.origin(name))
        return registry

    @cached_property
    def formats(self) -> "dict[str, FormatSpec]":
        """The formats of all plugins by name.

        Raises:
            PluginConflictError: Two plugins register one name.
        """
        found: dict[str, FormatSpec] = {}
        sources: dict[str, str] = {}
        for name, specs in self._declarations("glacier_register_formats", list):
            for spec in specs:
                if spec.name in found:
                    raise PluginConflictError(
                        f"The format {spec.name!r} is registered by {sources[spec.name]} and by "
                        f"{self.origin(name)}. Uninstall one of them."
                    )
                found[spec.name] = spec
                sources[spec.name] = self.origin(name)
        return found

    @cached_property
    def _configs(self) -> dict[str, tuple[str, list[str]]]:
        found: dict[str, tuple[str, list[str]]] = {}
        for name, configs in self._declarations("glacier_register_configs", dict):
            for config_name, target in configs.items():
                found.setdefault(config_name, (target, []))[1].append(self.origin(name))
        return found

    def config(self, name: str) -> Any:  # Any: a config class that a plugin names
        """Return the config class that plugins register under `name`; None if none does.

        Raises:
            PluginConflictError: Two plugins register that name.
        """
        if name not in self._configs:
            return None
        target, sources = self._configs[name]
        if len(sources) > 1:
            raise PluginConflictError(
                f"The config {name!r} is registered by {' and by '.join(sources)}. "
                "Import it from the package you mean."
            )
        return load_string(target)

    def config_names(self) -> list[str]:
        """Return the names of all registered configs, sorted."""
        return sorted(self._configs)

    def environment_claims(self, environ: Mapping[str, str]) -> "dict[str, ProviderConfig]":
        """Return the configs that plugins make of an environment, by plugin name."""
        return dict(self._answers("glacier_config_from_env", environ=environ))

    def has_observers(self, hook: str) -> bool:
        """Return whether any plugin implements that hook."""
        return bool(getattr(self.manager.hook, hook).get_hookimpls())

    def tell(self, hook: str, **details: object) -> list[tuple[str, Exception]]:
        """Call an observer hook and return the names and errors of plugins that raised."""
        failures = []
        for impl in getattr(self.manager.hook, hook).get_hookimpls():
            try:
                impl.function(*(details[name] for name in impl.argnames))
            except Exception as error:  # noqa: BLE001 - an observer may raise anything
                failures.append((impl.plugin_name, error))
        return failures

    def _answers(self, hook: str, **kwargs: object) -> list[tuple[str, Any]]:
        """Return what every plugin answers to a hook, with the plugin's name, None left out."""
        answers = []
        for impl in getattr(self.manager.hook, hook).get_hookimpls():
            wanted = {name: kwargs[name] for name in impl.argnames}
            answers.append((impl.plugin_name, impl.function(**wanted)))
        return [(name, answer) for name, answer in answers if answer is not None]

    def _declarations(
        self,
        hook: str,
        gather: Callable[[Any], DeclaredT],  # Any: what a plugin returned
    ) -> list[tuple[str, DeclaredT]]:
        """Return what every plugin declares; one that raises is broken from then on.

        Args:
            hook: The hook to ask.
            gather: Makes the answer whole at once: a hook may be a generator, and raise late.
        """
        declared = []
        for impl in getattr(self.manager.hook, hook).get_hookimpls():
            try:
                declared.append((impl.plugin_name, gather(impl.function())))
            except Exception as error:  # noqa: BLE001 - a plugin may raise anything
                self._mark_broken(impl.plugin_name, error)
        return declared

    def _mark_broken(self, name: str, error: Exception) -> None:
        origin = self.origin(name)
        broken = Plugin(name, origin, _as_plugin_error(name, origin, error))
        self.installed = [
            broken if plugin.name == name and plugin.error is None else plugin
            for plugin in self.installed
        ]


@cache
def load_plugins() -> Plugins:
    """Return the installed plugins, loaded on the first call."""
    return Plugins()


def _adapter_specs(declared: Iterable[object]) -> list[AdapterSpec]:
    specs = []
    for spec in declared:
        if not isinstance(spec, AdapterSpec):
            raise TypeError(
                f"glacier_register_adapters returned a {type(spec).__name__} among its specs; "
                "expected AdapterSpec only."
            )
        specs.append(spec)
    return specs


def _refuse_wrong_hooks(module: object, name: str, origin: str) -> None:
    known = {hook for hook in vars(hookspecs) if hook.startswith(PREFIX)}
    unknown = sorted(
        attribute
        for attribute, value in vars(module).items()
        if attribute.startswith(PREFIX) and callable(value) and attribute not in known
    )
    if unknown:
        raise HookError(
            f"The plugin {name!r} of {origin} implements {', '.join(unknown)}, which is not a "
            f"hook; the hooks are {', '.join(sorted(known))}. Correct the name."
        )
    unmarked = sorted(
        hook for hook in known & vars(module).keys() if not hasattr(vars(module)[hook], _MARK)
    )
    if unmarked:
        raise HookError(
            f"The plugin {name!r} of {origin} defines {', '.join(unmarked)} without marking it as "
            "a hook. Decorate it with glacier.hookspecs.hookimpl."
        )


def _as_plugin_error(name: str, origin: str, error: Exception) -> PluginError:
    if isinstance(error, PluginError):
        return error
    if isinstance(error, pluggy.PluginValidationError):
        return HookError(f"The plugin {name!r} of {origin} does not fit its hooks: {error}")
    problem = PluginError(
        f"The plugin {name!r} of {origin} could not be loaded: {type(error).__name__}: {error}. "
        "Update or uninstall it; the other plugins work."
    )
    problem.__cause__ = error
    return problem
