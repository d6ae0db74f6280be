"""Secrets that errors of SDKs repeat, taken out before anybody sees them."""

import re
from collections.abc import Iterable, Iterator

_HIDDEN = "(hidden)"

IN_URIS = re.compile(
    r"((?://[^/\s:@'\"]*:)(?=[^/\s]+@)"
    r"|[?&;](?:sig|signature|token|code|password|secret|api[_-]?key|access[_-]?token"
    r"|x-(?:amz|goog)-(?:signature|credential|security-token)|awsaccesskeyid)=)"
    r"(?:(?<=:)[^/\s]+(?=@)|[^&;\s'\"<>@]+)",
    re.IGNORECASE,
)
"""The password of a URI, up to the last @ before its path, and the values of queries that sign or
grant."""


def redact(error: BaseException, pattern: re.Pattern[str], secrets: Iterable[str] = ()) -> None:
    """Take secrets out of the text of an error and of all that it was raised from.

    Args:
        error: What was raised.
        pattern: As `redacted`.
        secrets: As `redacted`.
    """
    known = [one for one in secrets if one]
    for one in chain_of(error):
        one.args = tuple(
            redacted(value, pattern, known) if isinstance(value, str) else value
            for value in one.args
        )
        message = getattr(one, "message", None)
        if isinstance(message, str):
            one.message = redacted(message, pattern, known)  # type: ignore[attr-defined]  # it has


def redacted(text: str, pattern: re.Pattern[str], secrets: Iterable[str] = ()) -> str:
    """Return a text without its secrets.

    Args:
        text: The text.
        pattern: What secrets look like; its first group, where it has matched, is none and stays.
        secrets: What is known to be one.
    """
    for secret in filter(None, secrets):
        text = text.replace(secret, _HIDDEN)
    return pattern.sub(lambda found: f"{found[1] or ''}{_HIDDEN}", text)


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its causes, and the errors that they carry."""
    left, seen = [error], set[int]()
    while left:
        one = left.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        others = (one.__cause__, one.__context__, getattr(one, "cause", None))
        carried = [*one.args, *others, getattr(one, "reason", None)]
        left += [each for each in carried if isinstance(each, BaseException)]
