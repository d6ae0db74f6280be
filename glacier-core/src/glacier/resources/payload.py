"""The JSON border of serverless functions: the same on every platform, this process included."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from glacier.errors import PayloadError
from glacier.resources import json_border
from glacier.resources.json_border import NotJsonError


def encoded(payload: object, *, what: str) -> str:
    """Return a JSON object as text.

    Args:
        payload: A mapping of text to JSON values; tuples arrive as lists.
        what: How an error calls it, such as `the payload of 'score'`.

    Raises:
        PayloadError: It is no mapping, or a value in it is not JSON; its path and type are named.
    """
    with _as_payload_error():
        return json_border.encoded(payload, what=what)


def decoded(text: str | bytes, *, what: str) -> dict[str, Any]:
    """Return the JSON object that a text holds.

    Raises:
        PayloadError: The text is not JSON, or not an object.
    """
    with _as_payload_error():
        return json_border.decoded(text, what=what)


@contextmanager
def _as_payload_error() -> Iterator[None]:
    try:
        yield
    except NotJsonError as error:
        raise PayloadError(str(error), path=error.path) from error.__cause__
