"""What every config is: data about a platform, without behaviour."""

import weakref
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self, cast

from pydantic import BaseModel, ConfigDict, Field, Secret, SecretBytes, SecretStr


class Config(BaseModel):
    """Base of all configs: frozen, and closed to fields it doesn't know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def __new__(cls, *args: object, **fields: object) -> Self:  # noqa: ARG004, D102 - pydantic's
        # The one way that all configs come by: parsed, nested, copied, constructed and unpickled.
        config = super().__new__(cls)
        _live[id(config)] = weakref.ref(config, _Forget(id(config)))
        return config

    def without_secrets(self) -> Self:
        """Return this config with every field that holds a secret back at its default."""
        secrets = {name for name in self.model_fields_set if _holds_secret(getattr(self, name))}
        if not secrets:
            return self
        kept = {n: getattr(self, n) for n in self.model_fields_set if n not in secrets}
        return cast("Self", self.model_construct(_fields_set=set(kept), **kept))

    def without_identity(self) -> Self:
        """Return what goes to another machine: this config without all that says who the caller is.

        Over there the platform's own identity counts. To be replaced where more than the secrets
        says so: a profile that is not there, a role that is not for others to assume.
        """
        return self.without_secrets()

    def __getstate__(self) -> dict[Any, Any]:
        kept = self.without_identity() if _goes_elsewhere.get() else self.without_secrets()
        return super(Config, kept).__getstate__()

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        own = _home.get()
        if type(own) is type(self) and self in (own.without_secrets(), own.without_identity()):
            kept = super(Config, own).__getstate__()
            super().__setstate__({**kept, "__dict__": dict(kept["__dict__"])})


@contextmanager
def elsewhere() -> Iterator[None]:
    """Have configs that are pickled leave the caller's identity behind, for another machine."""
    token = _goes_elsewhere.set(True)
    try:
        yield
    finally:
        _goes_elsewhere.reset(token)


@contextmanager
def at_home(config: Config) -> Iterator[None]:
    """Have a config that is unpickled be this one again, as it was, if it describes it.

    A job gets its provider's config without secrets, and what it returns refers to that one.
    """
    token = _home.set(config)
    try:
        yield
    finally:
        _home.reset(token)


_goes_elsewhere: ContextVar[bool] = ContextVar("_goes_elsewhere", default=False)
_home: ContextVar[Config | None] = ContextVar("_home", default=None)


class _Forget:
    """Drops a config that is gone from the live ones, unless its place was taken since."""

    def __init__(self, key: int) -> None:
        self.key = key

    def __call__(self, reference: "weakref.ref[Config]") -> None:
        if _live.get(self.key) is reference:
            del _live[self.key]


# By identity: a config with a mapping among its fields can't be hashed.
_live: dict[int, "weakref.ref[Config]"] = {}


def live_configs() -> Iterator[Config]:
    """Yield every config that this process holds, so that their secrets can be searched for."""
    for reference in _live.copy().values():  # in one step: other threads make configs meanwhile
        config = reference()
        if config is not None:
            yield config


class ProviderConfig(Config):
    """Base of the configs that a `Provider` takes: which platform, and where on it."""

    # An error would show all that was given, and secrets in it that were given as text.
    model_config = ConfigDict(hide_input_in_errors=True)

    @classmethod
    @abstractmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Return the config that environment variables describe.

        Args:
            environ: The variables to read; `os.environ` where None.
        """


class ResourceConfig(Config):
    """Base of the configs that one resource takes: the platform's own settings for it."""

    overrides: dict[str, Any] = Field(default_factory=dict)
    """Fields merged last into the platform's own request and Terraform block."""


def _holds_secret(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_secret(item) for item in value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return any(_holds_secret(item) for item in value)
    if isinstance(value, BaseModel):
        return any(_holds_secret(item) for item in dict(value).values())
    return isinstance(value, SecretStr | SecretBytes | Secret)
