"""What every config is: data about a platform, without behaviour."""

import secrets
import weakref
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar, Self, cast

from pydantic import BaseModel, ConfigDict, Field, Secret, SecretBytes, SecretStr, model_validator

from glacier.redaction import IN_URIS, redacted


class Config(BaseModel):
    """Base of all configs: frozen, and closed to fields it doesn't know."""

    # An error would show all that was given, and secrets in it that were given as text.
    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, hide_input_in_errors=True
    )

    beside_secrets: ClassVar[frozenset[str]] = frozenset()
    """Fields that are of no use without a secret, such as its name, and go where it goes."""

    of_identity: ClassVar[frozenset[str]] = frozenset()
    """Fields that say, beside the secrets, who the caller is: a profile that another machine does
    not have, a role that is not for others to assume."""

    def __new__(cls, *args: object, **fields: object) -> Self:  # noqa: ARG004, D102 - pydantic's
        # The one way that all configs come by: parsed, nested, copied, constructed and unpickled.
        config = super().__new__(cls)
        _live[id(config)] = weakref.ref(config, _Forget(id(config)))
        return config

    @model_validator(mode="before")
    @classmethod
    def _fields_are_known(cls, given: object) -> object:
        if isinstance(given, Mapping):
            unknown = [str(name) for name in given if name not in cls.model_fields]
            if unknown:
                raise ValueError(
                    f"unknown {', '.join(unknown)}; the fields of {cls.__name__} are "
                    f"{', '.join(cls.model_fields)}"
                )
        return given

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:  # Any: the fields' values
        """Yield what a repr says of each field, without the secrets that URIs carry."""
        for name, value in super().__repr_args__():
            yield name, _told(value)

    def without_secrets(self) -> Self:
        """Return this config with every field that holds a secret back at its default."""
        return self._without(self._secret_fields())

    def without_identity(self) -> Self:
        """Return what goes to another machine: this config without all that says who the caller is.

        Over there the platform's own identity counts.
        """
        return self._without(self._secret_fields() | self.of_identity)

    def _secret_fields(self) -> frozenset[str]:
        found = (name for name in self.model_fields_set if _holds_secret(getattr(self, name)))
        return self.beside_secrets.union(found)

    def _without(self, names: frozenset[str]) -> Self:
        if not names & self.model_fields_set:
            return self
        kept = {n: getattr(self, n) for n in self.model_fields_set if n not in names}
        return cast("Self", self.model_construct(_fields_set=set(kept), **kept))

    def __getstate__(self) -> dict[Any, Any]:
        kept = self.without_identity() if _goes_elsewhere.get() else self.without_secrets()
        state = super(Config, kept).__getstate__()
        mark = _mark_of(self, is_less=kept is not self)
        return state if mark is None else {**state, _MARK: mark}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        mark = state.get(_MARK)
        super().__setstate__({key: value for key, value in state.items() if key != _MARK})
        if mark is not None:
            _marks[id(self)] = mark
        own = _own(self, mark)
        if own is not None:
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
    """Have configs that are unpickled be again what they were when they left this process.

    A job gets configs without secrets, each with a mark that says nothing but which one it was, and
    what it returns carries the marks. A config that was made over there has none: it is taken for
    `config`, the job's own provider's, where it describes it.
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
            mark = _marks.pop(self.key, "")
            departed = _departed.get(mark)
            if departed is not None and departed() is None:  # it was this one, not a copy of it
                del _departed[mark]


# By identity: a config with a mapping among its fields can't be hashed.
_live: dict[int, "weakref.ref[Config]"] = {}
_MARK = "mark"
_marks: dict[int, str] = {}
_departed: dict[str, "weakref.ref[Config]"] = {}


def _mark_of(config: Config, *, is_less: bool) -> str | None:
    """Return the mark of a config that is pickled; None where it is pickled whole.

    Args:
        config: The config.
        is_less: Whether something of it stays behind.
    """
    if is_less and id(config) not in _marks:
        mark = secrets.token_hex(8)
        _marks[id(config)], _departed[mark] = mark, weakref.ref(config)
    return _marks.get(id(config))


def _own(arrived: Config, mark: str | None) -> Config | None:
    """Return what a config was before it left; None for a foreign one, and away from home."""
    home = _home.get()
    if home is None:
        return None
    known = _departed.get(mark or "")
    if known is not None:
        return known()
    is_described = arrived in (home.without_secrets(), home.without_identity())
    return home if mark is None and type(home) is type(arrived) and is_described else None


def live_configs() -> Iterator[Config]:
    """Yield every config that this process holds, so that their secrets can be searched for."""
    for reference in _live.copy().values():  # in one step: other threads make configs meanwhile
        config = reference()
        if config is not None:
            yield config


class ProviderConfig(Config):
    """Base of the configs that a `Provider` takes: which platform, and where on it."""

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


def _told(value: Any) -> Any:  # Any: what fields hold
    """Return a value without the secrets that URIs in it carry."""
    if isinstance(value, str):
        return redacted(value, IN_URIS)
    if type(value) is dict:
        return {_told(key): _told(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_told(item) for item in value)
    return value


def _holds_secret(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_secret(item) for item in value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return any(_holds_secret(item) for item in value)
    if isinstance(value, BaseModel):
        return any(_holds_secret(item) for item in dict(value).values())
    return isinstance(value, SecretStr | SecretBytes | Secret)
