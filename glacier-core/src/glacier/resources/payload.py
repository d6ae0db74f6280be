"""The JSON border of serverless functions: the same on every platform, this process included.

JSON knows fewer types than Python and `json.dumps` is generous: it turns the key 1 into "1" and
NaN into a word that no other parser reads. Here a value that would not arrive as it left is an
error that says where it is.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from glacier.errors import PayloadError


def encoded(payload: object, *, what: str) -> str:
    """Return a JSON object as text.

    Args:
        payload: A mapping of text to JSON values; tuples arrive as lists.
        what: How an error calls it, such as `the payload of 'score'`.

    Raises:
        PayloadError: It is no mapping, or a value in it is not JSON; its path and type are named.
    """
    if not isinstance(payload, Mapping):
        raise PayloadError(
            f"Expected {what} to be a JSON object (a dict), got {_type_name(payload)}. "
            'Wrap it, as in {"value": ...}.',
            path="",
        )
    content = dict(payload)
    try:
        for path, problem in _problems(content, "", ()):
            raise PayloadError(
                f"{_sentence_start(what)} holds what JSON can't: {path} is {problem}. Send text, "
                "numbers, booleans, None, lists and dicts with text keys; times as isoformat() "
                "text, frames through a bucket whose path is sent.",
                path=path,
            )
        return json.dumps(content, allow_nan=False)
    except (RecursionError, ValueError) as error:  # too deep, or an int of thousands of digits
        raise PayloadError(
            f"{_sentence_start(what)} can't become JSON: {error}. Send less, or through a bucket.",
            path="",
        ) from error


def decoded(text: str | bytes, *, what: str) -> dict[str, Any]:
    """Return the JSON object that a text holds.

    Raises:
        PayloadError: The text is not JSON, or not an object.
    """
    try:
        content = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise PayloadError(f"Expected {what} to be JSON: {error}.", path="") from error
    if not isinstance(content, dict):
        raise PayloadError(
            f"Expected {what} to be a JSON object, got {_type_name(content)}.", path=""
        )
    return content


def _problems(value: object, path: str, inside: tuple[int, ...]) -> Iterator[tuple[str, str]]:
    """Yield where a value is not JSON, and what is there instead."""
    if value is None or isinstance(value, str | bool | int):
        return
    if isinstance(value, float):
        if not math.isfinite(value):
            yield path, f"{value}, which is no JSON number"
        return
    if not isinstance(value, dict | list | tuple):
        yield path, f"a {_type_name(value)}"
        return
    if id(value) in inside:
        yield path or "it", "a container that holds itself"
        return
    inside = (*inside, id(value))
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                yield f"{path}[{key!r}]", f"under a key of type {_type_name(key)}"
            yield from _problems(item, f"{path}[{key!r}]", inside)
    else:
        for index, item in enumerate(value):
            yield from _problems(item, f"{path}[{index}]", inside)


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"


def _sentence_start(text: str) -> str:
    return text[:1].upper() + text[1:]
