"""Globs as Polars reads them on object stores.

There it makes a regular expression of what follows the last fixed directory: it knows `*` and `**`,
takes `[...]` as the expression's own class, and everything else but the full stop as it stands.
"""

import re

from glacier.storage import GLOB_CHARACTERS

_TOKEN = re.compile(r"\*+|\?|\[[!^]?\]?[^\]]*\]|.", re.DOTALL)
_SPECIAL = frozenset("+(){}|^$\\[]")
_SPECIAL_IN_CLASS = re.compile(r"([\\\[&~])")


def polars_glob(path: str) -> str:
    """Return a glob that means in Polars, on an object store, what `path` means by fsspec."""
    first = min(path.index(one) for one in GLOB_CHARACTERS if one in path)
    start = path.rfind("/", 0, first) + 1
    pattern = "".join(_translated(one) for one in _TOKEN.findall(path[start:]))
    if pattern.rpartition("/")[2] == "**":
        pattern += "/*"
    return path[:start] + pattern


def _translated(token: str) -> str:
    if token == "?":  # noqa: S105 - no secret
        return "[^/]"
    if token in _SPECIAL:
        return f"[\\{token}]"
    if not token.startswith("["):
        return token
    body, negation = token[1:-1], ""
    if body.startswith("!"):
        body, negation = body[1:], "^"
    elif body.startswith("^"):
        body, negation = body[1:], "\\^"
    escaped = _SPECIAL_IN_CLASS.sub(r"\\\1", body)
    return f"[{negation}{escaped}]"
