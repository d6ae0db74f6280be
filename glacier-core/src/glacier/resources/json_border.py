"""What crosses the border of a serverless function, on the standard library alone.

Platforms that run a function without Glacier get this very file beside the handler, so that they
refuse what this process refuses.

JSON knows fewer types than Python and `json.dumps` is generous: it turns the key 1 into "1" and
NaN into a word that no other parser reads. Here a value that would not arrive as it left is an
error that says where it is.
"""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any


class NotJsonError(TypeError):
    """A value that is no JSON object.

    Attributes:
        path: Where in it the fault lies, such as `['rows'][1]`; empty for all of it.
    """

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


def encoded(payload: object, *, what: str) -> str:
    """Return a JSON object as text.

    Args:
        payload: A mapping of text to JSON values; tuples arrive as lists.
        what: How an error calls it, such as `the payload of 'score'`.

    Raises:
        NotJsonError: It is no mapping, or a value in it is not JSON; its path and type are named.
    """
    if not isinstance(payload, Mapping):
        raise NotJsonError(
            f"Expected {what} to be a JSON object (a dict), got {_type_name(payload)}. "
            'Wrap it, as in {"value": ...}.'
        )
    content = dict(payload)
    try:
        for path, problem in _problems(content, "", ()):
            raise NotJsonError(
                f"{_sentence_start(what)} holds what JSON can't: {path} is {problem}. Send text, "
                "numbers, booleans, None, lists and dicts with text keys; times as isoformat() "
                "text, frames through a bucket whose path is sent.",
                path,
            )
        return json.dumps(content, allow_nan=False)
    except (RecursionError, ValueError) as error:  # too deep, or an int of thousands of digits
        raise NotJsonError(
            f"{_sentence_start(what)} can't become JSON: {error}. Send less, or through a bucket."
        ) from error


def decoded(text: str | bytes, *, what: str) -> dict[str, Any]:
    """Return the JSON object that a text holds.

    Raises:
        NotJsonError: The text is not JSON, or not an object.
    """
    try:
        content = json.loads(text)
    except (RecursionError, ValueError) as error:
        raise NotJsonError(f"Expected {what} to be JSON: {error}.") from error
    if not isinstance(content, dict):
        raise NotJsonError(f"Expected {what} to be a JSON object, got {_type_name(content)}.")
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
