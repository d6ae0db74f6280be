"""How Polars gets the credentials of a provider's config, and how they travel."""

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Generic, Self, TypeVar

from glacier.config.base import ProviderConfig

ConfigT = TypeVar("ConfigT", bound=ProviderConfig)


class ConfigCredentials(ABC, Generic[ConfigT]):
    """Gives Polars the credentials of a config; a cloud says where from.

    It pickles as the config does: without secrets, and for another machine without the caller's
    identity, so that the platform's own counts there. Polars shares connections, with their
    credentials, between providers that pickle alike; so each identity's has a mark of its own.

    Args:
        config: The provider's config.
        mark: What tells this identity from others of the process; says nothing about it.
    """

    def __init__(self, config: ConfigT, mark: str) -> None:
        self.config = config
        self._mark = mark

    @abstractmethod
    def __call__(self) -> tuple[dict[str, str], int | None]:
        """Return what signs requests, in Polars' names, and when it expires, in s since 1970."""

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other._mark == self._mark

    def __hash__(self) -> int:
        return hash((type(self), self._mark))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.config!r})"

    def __reduce__(self) -> tuple[type[Self], tuple[ConfigT, str]]:
        return type(self), (self.config, self._mark)


if TYPE_CHECKING:
    made_once = cached_property
else:

    class made_once(cached_property):  # noqa: N801 - a decorator
        """A cached property that one thread makes while others wait; Python's own has no lock.

        The object has the lock as its attribute `lock`, which has to be reentrant.
        """

        def __get__(self, instance, owner=None):
            if instance is None:
                return self
            with instance.lock:
                return super().__get__(instance, owner)
