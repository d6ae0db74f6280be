"""The secrets that this process knows, and the search for them in what leaves it."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import quote

from pydantic import BaseModel, Secret, SecretBytes, SecretStr

from glacier.config.base import live_configs
from glacier.drift import UNTOLD, Difference
from glacier.errors import PackageError
from glacier.redaction import IN_URIS, redacted

SHORTEST_SECRET = 8
"""Characters from which on a secret is searched for; shorter ones are found in any text."""


@dataclass(frozen=True, slots=True)
class KnownSecret:
    """A secret of a config that is alive in this process.

    Attributes:
        owner: The config's class and the field, such as `AwsConfig.secret_key`.
        forms: The value as it may stand in a file: as it is, in JSON (also within JSON), in a URL.
    """

    owner: str
    forms: frozenset[bytes] = field(repr=False)


def known_secrets() -> tuple[KnownSecret, ...]:
    """Return the secrets of at least 8 characters of all configs that this process holds."""
    found: dict[bytes, KnownSecret] = {}
    for config in live_configs():
        # A config that is being made in another thread has no fields yet.
        for name, value in tuple(vars(config).items()):
            for secret in _secrets_in(value):
                if len(secret) >= SHORTEST_SECRET:
                    owner = f"{type(config).__name__}.{name}"
                    found.setdefault(secret, KnownSecret(owner, _forms(secret)))
    return tuple(found.values())


def check_no_secret(name: str, data: bytes, secrets: tuple[KnownSecret, ...] | None = None) -> None:
    """Refuse what holds a secret.

    Args:
        name: What the data are called in the error: a file's name.
        data: What is about to leave this process, before it is compressed.
        secrets: What to search for; `known_secrets()` where None.

    Raises:
        PackageError: The data hold a secret. It names the config's field, never the value.
    """
    secret = holding(data, known_secrets() if secrets is None else secrets)
    if secret is not None:
        raise PackageError(
            f"{name} holds the secret {secret.owner}, which would leave this process; nothing "
            "was sent. Take the value out: let the config be made over there from "
            "the platform's own environment, or read the secret inside the function.",
            file=name,
            secret=secret.owner,
        )


def holding(data: bytes, secrets: tuple[KnownSecret, ...]) -> KnownSecret | None:
    """Return the first of some secrets that data hold; None where they hold none."""
    return next((one for one in secrets if any(form in data for form in one.forms)), None)


class Hider:
    """Takes out of texts the secrets of all configs of this process, and those that URIs carry."""

    def __init__(self) -> None:
        forms = {form for secret in known_secrets() for form in secret.forms}
        longest_first = sorted(forms, key=len, reverse=True)
        self._forms = [form.decode(errors="surrogateescape") for form in longest_first]

    def __call__(self, text: str) -> str:
        """Return a text in which `(hidden)` stands for every secret."""
        return redacted(text, IN_URIS, self._forms)


def without_secrets(differences: Iterable[Difference]) -> tuple[Difference, ...]:
    """Return differences of which none tells a secret that this process knows.

    Raises:
        PackageError: A config wants a setting that holds one.
    """
    told, secrets = [], known_secrets()
    for one in differences:
        where = f"The setting {one.setting} of {one.thing}"
        check_no_secret(where, json.dumps(one.wanted, default=str).encode(), secrets)
        is_secret = holding(json.dumps(one.found, default=str).encode(), secrets) is not None
        told.append(replace(one, found=UNTOLD) if is_secret else one)
    return tuple(told)


def _secrets_in(value: object) -> Iterator[bytes]:
    """Yield the secrets in a field; those of nested configs are found as live configs."""
    if isinstance(value, SecretBytes):
        yield value.get_secret_value()
    elif isinstance(value, SecretStr):
        text = value.get_secret_value()
        yield text.encode(errors="surrogatepass")
        yield from _private_keys_in(text)
    elif isinstance(value, Secret):
        yield str(value.get_secret_value()).encode(errors="surrogatepass")
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _secrets_in(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _secrets_in(item)
    elif isinstance(value, BaseModel):
        for item in vars(value).values():
            yield from _secrets_in(item)


def _private_keys_in(text: str) -> Iterator[bytes]:
    """Yield the private keys of a secret in JSON, which may be written in other ways too."""
    if not text.lstrip().startswith("{"):
        return
    try:
        fields = json.loads(text)
    except ValueError:
        return
    for one in fields.values():
        if isinstance(one, str) and "PRIVATE KEY-----" in one:
            yield one.encode()


def _forms(secret: bytes) -> frozenset[bytes]:
    # Plans are serialised as MessagePack, where bytes may be numbers with a mark before large ones.
    forms = {secret, b"".join(bytes((b,)) if b < 128 else bytes((0xCC, b)) for b in secret)}
    try:
        text = secret.decode()
    except UnicodeDecodeError:
        return frozenset(forms)
    spellings = (json.dumps, partial(json.dumps, ensure_ascii=False))
    for spell in spellings:
        once = spell(text)[1:-1]
        # Twice where JSON is a text in JSON, as a key in a variable of a job.
        forms |= {once.encode(), spell(once)[1:-1].encode()}
    return frozenset(forms | {quote(text).encode(), quote(text, safe="").encode()})
