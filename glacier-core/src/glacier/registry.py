"""What plugins register, and dispatch: which adapter serves which pair of types."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from glacier.errors import (
    GlacierError,
    MissingPackageError,
    NoAdapterError,
    PluginConflictError,
    PluginError,
)

if TYPE_CHECKING:
    from glacier.adapters import Adapter
    from glacier.config import Config, ProviderConfig


@dataclass(frozen=True, slots=True)
class AdapterSpec:
    """That `adapter` serves `resource` wherever the deciding config is a `config`.

    Attributes:
        resource: The resource type, such as `Bucket`.
        config: The type of the config that decides; `NoneType` for 'no config given'.
        adapter: The adapter class as `module:Class`, imported when the first one is made.
        accepts: The types of resource config that the adapter understands.
        providers: The types of provider config under which it works; any where empty. Of use
            to executors, whose own config decides.
        check: What looks at every new resource and refuses what the platform can't have, such as
            an illegal name, as `module:function`. It asks nobody and imports no SDK.
        extra: The extra of `glacier-core` that brings the adapter's SDK, to be named where that
            is missing.
    """

    resource: type
    config: type
    adapter: str
    accepts: "tuple[type[Config], ...]" = ()
    providers: "tuple[type[ProviderConfig], ...]" = ()
    check: str | None = None
    extra: str | None = None


@dataclass(frozen=True, slots=True)
class FormatSpec:
    """That a format exists.

    Attributes:
        name: What users write as `format=`.
        suffixes: Path endings that choose it when no format is named, such as `.parquet`.
        format: The `Format` subclass as `module:Class`, imported when it is first used.
    """

    name: str
    suffixes: tuple[str, ...]
    format: str


class Registry:
    """All registered adapters, found by resource type and config type along their bases."""

    def __init__(self) -> None:
        self._specs: dict[tuple[type, type], tuple[AdapterSpec, str]] = {}
        self._conflicts: dict[tuple[type, type], list[str]] = {}

    def add(self, specs: Iterable[AdapterSpec], *, source: str) -> None:
        """Register specs that come from the distribution `source`."""
        for spec in specs:
            pair = (spec.resource, spec.config)
            if pair in self._specs:
                self._conflicts.setdefault(pair, [self._specs[pair][1]]).append(source)
            else:
                self._specs[pair] = (spec, source)

    def find(self, resource: type, config: type) -> AdapterSpec:
        """Return the spec for a pair; a subclass finds what its parent has.

        Raises:
            PluginConflictError: Two distributions registered this very pair.
            NoAdapterError: None did.
        """
        for resource_base in resource.__mro__:
            for config_base in config.__mro__:
                pair = (resource_base, config_base)
                if pair in self._conflicts:
                    raise self._conflict(pair)
                if pair in self._specs:
                    return self._specs[pair][0]
        raise self._missing(resource, config)

    def rows(self) -> list[tuple[AdapterSpec, str]]:
        """Return every spec with the distribution it comes from, in order of registration."""
        return list(self._specs.values())

    def conflicts(self) -> list[str]:
        """Return a sentence for every pair that two distributions claim."""
        return [str(self._conflict(pair)) for pair in self._conflicts]

    def _conflict(self, pair: tuple[type, type]) -> PluginConflictError:
        sources = self._conflicts[pair]
        return PluginConflictError(
            f"{pair[0].__name__} with {_config_name(pair[1])} is claimed by "
            f"{' and by '.join(sources)}. Uninstall all but one of them.",
            sources=sources,
        )

    def _missing(self, resource: type, config: type) -> NoAdapterError:
        served = sorted(
            {
                _config_name(spec.config)
                for spec, _ in self._specs.values()
                if issubclass(resource, spec.resource)
            }
        )
        return NoAdapterError(
            f"No adapter for {resource.__name__} with {_config_name(config)}; "
            f"installed for {resource.__name__}: {', '.join(served) or 'none'}. "
            "Install the plugin that serves it, update the one that will, or use one of those "
            "configs; `glacier plugins` shows what is installed and what each one serves.",
            resource=resource,
            config=config,
        )


def load_adapter(spec: AdapterSpec) -> "type[Adapter[Any]]":
    """Import and return the adapter class that a spec names.

    Raises:
        PluginError: The import string does not lead to a class.
        MissingPackageError: The SDK is missing; the adapter's module may say so itself.
    """
    try:
        found = load_string(spec.adapter)
    except PluginError as error:
        missing = error.__cause__
        if spec.extra is None or not isinstance(missing, ModuleNotFoundError):
            raise
        if _top(missing.name) == _top(spec.adapter):
            raise
        raise _missing_sdk(spec, missing.name or _top(spec.adapter)) from missing
    if not isinstance(found, type):
        raise PluginError(f"{spec.adapter!r} is registered as an adapter and is not a class.")
    return found


def _missing_sdk(spec: AdapterSpec, module: str) -> MissingPackageError:
    return MissingPackageError(
        f"{spec.resource.__name__} on {_config_name(spec.config)} needs {module}, which is not "
        f'installed. Run: pip install "glacier-core[{spec.extra}]"',
        extra=spec.extra,
    )


def _top(module: str | None) -> str:
    """Return the package that a module or an import string lies in."""
    return re.split(r"[.:]", module or "")[0]


def load_string(target: str) -> Any:  # Any: whatever the string names
    """Import what `module:attribute` names.

    Raises:
        PluginError: The string is malformed, or leads to no module or no attribute of it.
    """
    module, _, attribute = target.partition(":")
    if not module or not attribute:
        raise PluginError(f"Expected an import string 'module:attribute', got {target!r}.")
    try:
        loaded = import_module(module)
    except GlacierError:
        raise
    except ImportError as error:
        raise PluginError(
            f"{target!r}, which a plugin registers, can't be imported: {error}. "
            "Update or uninstall that plugin."
        ) from error
    try:
        return getattr(loaded, attribute)
    except AttributeError as error:
        raise PluginError(f"Module {module!r} has no {attribute!r}.") from error


def _config_name(config: type) -> str:
    return "no config" if config is type(None) else config.__name__
