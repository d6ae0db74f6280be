"""What all resources share: a provider, a config, a name and an adapter made on demand."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from glacier.config.base import Config, ProviderConfig
from glacier.errors import ConfigMismatchError, UnboundResourceError
from glacier.registry import load_string
from glacier.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Iterable

    from glacier.adapters import Adapter
    from glacier.drift import Difference
    from glacier.provider import Provider

ConfigArgument: TypeAlias = "Config | Sequence[Config] | None"


class Resource(ABC):
    """A piece of infrastructure, the same on every platform.

    Args:
        provider: The provider that made it.
        config: One config, or several for different platforms, of which the one that the
            provider's platform accepts applies.
        name: What it is called in plans and in generated infrastructure.

    Attributes:
        config: The config that applies, or None.

    Raises:
        UnboundResourceError: There is no provider, or something else in its place: resources
            are made by one.
        ConfigMismatchError: A lone config that this platform doesn't accept.
        NoAdapterError: No installed plugin serves this resource on this platform.
    """

    provider: "Provider"

    def __init__(
        self,
        provider: "Provider | None",
        config: ConfigArgument = None,
        name: str | None = None,
    ) -> None:
        if provider is None:
            kind = type(self).__name__
            raise UnboundResourceError(
                f"A {kind} belongs to a provider and was constructed without one. "
                f"Use {_factory_of(kind)}, not {kind}(...)."
            )
        _check_provider(provider, type(self).__name__)
        self.provider = provider
        self.config: Config | None = None
        self.config = self._accepted(config)
        self._adapter: Adapter[Any] | None = None
        self.name = name or self._generate_name()
        check = self.provider.spec_for(self).check
        if check is not None:
            load_string(check)(self)

    def dispatch_config(self) -> Config | None:
        """Return the config whose type decides which adapter serves this resource."""
        return self.provider.config

    def deploy(self) -> None:
        """Create the resource on its platform, or update it in place; idempotent."""
        scope = current_scope.get()
        if scope is not None:
            scope.before_effect(f"deploy {self!r}")
        self._get_adapter().deploy()

    def drift(self) -> "Iterable[Difference]":
        """Return where the resource on its platform differs from what `deploy()` makes it.

        Raises:
            PackageError: A secret of a config is among the settings.
        """
        from glacier.known_secrets import without_secrets

        return without_secrets(self._get_adapter().drift())

    def _get_adapter(self) -> "Adapter[Any]":
        """Return the adapter that serves this resource, made on the first call."""
        if self._adapter is None:
            self._adapter = self.provider.get_adapter(self)
        return self._adapter

    def _accepted(self, config: ConfigArgument) -> Config | None:
        """Return the config that applies, out of one or of several for different platforms."""
        accepts = self.provider.spec_for(self).accepts
        if config is None:
            return None
        candidates = self._candidates(config)
        fitting = [one for one in candidates if isinstance(one, accepts)]
        if len(fitting) > 1 or (isinstance(config, Config) and not fitting):
            raise self._mismatch(candidates, accepts)
        return fitting[0] if fitting else None

    def _candidates(self, config: "Config | Sequence[Config]") -> list[Config]:
        """Return the configs to choose from.

        Raises:
            ConfigMismatchError: Something else than configs was given.
        """
        if isinstance(config, Config):
            return [config]
        given = list(config) if isinstance(config, list | tuple) else [config]
        candidates = [one for one in given if isinstance(one, Config)]
        if len(candidates) < len(given):
            wrong = next(one for one in given if not isinstance(one, Config))
            found = (
                f"the class {wrong.__name__}" if isinstance(wrong, type) else type(wrong).__name__
            )
            raise ConfigMismatchError(
                f"{type(self).__name__}(config=...) takes a config object or a list of them; got "
                f"{found}. Pass an object of a class of glacier.config."
            )
        return candidates

    def _mismatch(self, given: Sequence[object], accepts: tuple[type, ...]) -> ConfigMismatchError:
        kind, names = type(self).__name__, " and ".join(type(one).__name__ for one in given)
        expected = " or ".join(one.__name__ for one in accepts)
        platform = next((type(one).__name__ for one in given if _is_platform(one)), None)
        advice = (
            f"{platform} is a provider's config: Provider(config={platform}(...))."
            if platform
            else "Pass config=[...] with one config for each platform to let the provider choose."
        )
        return ConfigMismatchError(
            f"{kind} on {type(self.provider.config).__name__} got {names}; it accepts "
            f"{f'one {expected}' if expected else 'no config there'}. {advice}",
            accepts=accepts,
        )

    def __getstate__(self) -> dict[str, Any]:
        # A description, whose configs drop their secrets by themselves; adapters hold connections.
        return {**vars(self), "_adapter": None}

    @abstractmethod
    def _generate_name(self) -> str:
        """Return the name for when none was given."""


def _check_provider(provider: object, kind: str) -> None:
    # The class itself can't be imported: providers know resources, and not the reverse.
    if not hasattr(provider, "get_adapter"):
        raise UnboundResourceError(
            f"provider= takes a Provider; use {_factory_of(kind)}. Got {type(provider).__name__}."
        )


def _is_platform(config: object) -> bool:
    return isinstance(config, ProviderConfig)


def _factory_of(kind: str) -> str:
    if kind in {"Bucket", "Serverless", "Executor"}:
        return f"provider.{kind.lower()}(...)"
    return f"provider.resource({kind}, ...)"
