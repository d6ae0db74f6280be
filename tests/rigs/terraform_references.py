"""Finds the references of a Terraform document: which block's attribute stands where."""

import re
from collections.abc import Iterator
from typing import Any

Reference = tuple[str, str, str, tuple[str, ...]]
"""The mode, the type and the name of a block, and the path of an attribute in it."""

_OPENING = re.compile(r"(?<!\$)\$\{")
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
_REFERENCE = re.compile(
    r"(?<![\w.-])(?P<data>data\.)?(?P<kind>[a-z][a-z0-9]*_\w+)\.(?P<label>[A-Za-z_][\w-]*)"
    r"(?P<path>(?:\[[^\]]*\]|\.[A-Za-z_]\w*)*)"
)


def references_in(value: Any, where: str = "") -> Iterator[tuple[str, Reference]]:  # Any: JSON
    """Yield all references below a value, each with its place."""
    if isinstance(value, dict):
        for name, item in value.items():
            place = f"{where}.{name}" if where else name
            if name == "depends_on":
                for address in _texts(item):
                    yield from ((place, one) for one in _references(address))
            elif name != "//":
                yield from references_in(item, place)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            yield from references_in(item, f"{where}[{at}]")
    elif isinstance(value, str):
        for expression in _expressions(value):
            yield from ((where, one) for one in _references(expression))


def _texts(value: Any) -> list[str]:  # Any: JSON
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _expressions(text: str) -> Iterator[str]:
    """Yield what stands between `${` and its `}`, also within the literals of other expressions."""
    for opening in _OPENING.finditer(text):
        depth, at = 1, opening.end()
        while depth and at < len(text):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        assert depth == 0, f"{text!r} has an expression without an end"
        yield _LITERAL.sub('""', text[opening.end() : at - 1])


def _references(expression: str) -> Iterator[Reference]:
    for found in _REFERENCE.finditer(expression):
        path = re.sub(r"\[[^\]]*\]", "", found["path"]).strip(".")
        mode = "data" if found["data"] else "resource"
        names = tuple(path.split(".")) if path else ()
        yield mode, found["kind"], found["label"], names
