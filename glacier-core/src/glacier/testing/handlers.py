"""The handlers of the serverless cases: standard library only, and nothing of Glacier.

The cases copy this file to a module of its own, so that a platform packages these lines alone.
"""

from typing import Any


def echo(payload: dict[str, Any]) -> dict[str, Any]:
    """Answer with the payload."""
    return {"payload": payload}


def describe(payload: dict[str, Any]) -> dict[str, Any]:
    """Answer with the type of every value, as the handler sees it."""
    return {name: type(value).__name__ for name, value in payload.items()}


def change(payload: dict[str, Any]) -> dict[str, Any]:
    """Change the payload in place and answer with it."""
    payload["changed"] = True
    return payload


def fail(payload: dict[str, Any]) -> dict[str, Any]:
    """Raise."""
    raise ValueError(f"no such customer: {payload.get('customer')}")


def answer_nothing(payload: dict[str, Any]) -> None:
    """Answer with None."""


def answer_a_list(payload: dict[str, Any]) -> Any:
    """Answer with JSON that is no object."""
    return [payload]


def answer_a_set(payload: dict[str, Any]) -> dict[str, Any]:
    """Answer with what JSON has no word for."""
    return {"keys": set(payload)}
