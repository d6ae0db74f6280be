"""How the libraries of table formats get into a store."""

from collections.abc import Callable, ItemsView, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from glacier.storage import Location

if TYPE_CHECKING:
    _NativeMapping = Mapping[str, Any]  # Any: values of options
else:

    class _NativeMapping(Mapping, dict):
        """A mapping that native code takes for the `dict` that it wants to have."""


class LiveOptions(_NativeMapping):
    """A location's options with its present credentials, asked for when a plan is executed.

    Polars reads these options anew for every execution; its native code takes a `dict` alone, and
    asks that for its items. They pickle, and are shown, as the location's options, and pickle with
    their source; neither holds a secret.
    """

    def __init__(
        self, options: Mapping[str, Any], source: Callable[[], Mapping[str, Any]] | None
    ) -> None:
        dict.update(cast("dict[str, Any]", self), options)
        self._options = options
        self._source = source

    def __getitem__(self, name: str) -> Any:
        return self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())

    def items(self) -> ItemsView[str, Any]:
        """Return all options of one moment."""
        return self._now().items()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._options, self._source)

    def _now(self) -> dict[str, Any]:
        return {**self._options, **({} if self._source is None else self._source())}


def plain_options(location: Location) -> dict[str, str]:
    """Return the options of a location that libraries of tables take: they take texts alone.

    What is a number is a setting of Polars' own, such as how often it tries again.
    """
    options = location.storage_options or {}
    return {name: value for name, value in options.items() if isinstance(value, str)}


def table_options(location: Location, format_name: str) -> LiveOptions:
    """Return the options by which a format of tables reaches a location; empty on a disk."""
    options = plain_options(location)
    if location.table_options is not None:
        return LiveOptions(options, partial(location.table_options, format_name))
    provider = location.credential_provider
    return LiveOptions(options, None if provider is None else _Provided(provider))


class _Provided:
    """What a provider of credentials gives at the moment, as options."""

    def __init__(self, provider: Callable[[], Any]) -> None:  # Any: as Polars defines it
        self._provider = provider

    def __call__(self) -> Mapping[str, Any]:
        credentials: Mapping[str, Any] = self._provider()[0]
        return credentials
