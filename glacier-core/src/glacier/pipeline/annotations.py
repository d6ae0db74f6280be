"""Which kind of frame a task's annotations ask for, found without importing what they name."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin


class FrameKind(StrEnum):
    """A kind of frame that a parameter can ask for."""

    LAZY = "polars.LazyFrame"
    EAGER = "polars.DataFrame"


_KINDS = {kind.value: kind for kind in FrameKind}


def frame_kinds(function: Callable[..., Any]) -> dict[str, FrameKind]:
    """Return the kinds of frames that a function's parameters are annotated with, by name.

    Annotations are resolved one at a time, strings too, also through imports that only type
    checkers carry out. `Optional`, unions with None and `Annotated` are looked through. A
    parameter whose annotation can't be resolved, or is no frame, is left out.
    """
    found = {}
    for name, annotation in _annotations(function).items():
        kind = _kind_of(annotation, function)
        if kind is not None and name != "return":
            found[name] = kind
    return found


def _annotations(function: Callable[..., Any]) -> Mapping[str, object]:
    if sys.version_info >= (3, 14):
        # There they are evaluated on demand, and one may exist for type checkers only.
        from annotationlib import Format, get_annotations

        return get_annotations(function, format=Format.STRING)
    return inspect.get_annotations(function)


def _kind_of(annotation: object, function: Callable[..., Any]) -> FrameKind | None:
    if isinstance(annotation, str):
        return _kind_of_text(annotation, function)
    origin = get_origin(annotation)
    if origin in {Union, UnionType} or hasattr(annotation, "__metadata__"):
        return _only(_kind_of(part, function) for part in get_args(annotation))
    polars = sys.modules.get("polars")
    if polars is None or not isinstance(annotation, type):
        return None
    kinds = {polars.LazyFrame: FrameKind.LAZY, polars.DataFrame: FrameKind.EAGER}
    return kinds.get(annotation)


def _kind_of_text(annotation: str, function: Callable[..., Any]) -> FrameKind | None:
    try:
        expression = ast.parse(textwrap.dedent(annotation).strip(), mode="eval").body
    except SyntaxError:
        return None
    return _kind_of_expression(expression, function)


def _kind_of_expression(node: ast.expr, function: Callable[..., Any]) -> FrameKind | None:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _only(_kind_of_expression(side, function) for side in (node.left, node.right))
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return _only(_kind_of_expression(part, function) for part in inner)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _kind_of_text(node.value, function)
    root, _, rest = ast.unparse(node).partition(".")
    value = _lookup(root, function)
    for attribute in rest.split(".") if rest and value is not None else []:
        value = getattr(value, attribute, None)
    if value is not None:
        return _kind_of(value, function)
    imported = _imports_for_type_checkers(function.__module__).get(root)
    return _KINDS.get(f"{imported}.{rest}" if rest else str(imported))


def _only(kinds: Iterator[FrameKind | None]) -> FrameKind | None:
    """Return the one kind among the parts of an annotation; None if there are none or two."""
    found = {kind for kind in kinds if kind is not None}
    return found.pop() if len(found) == 1 else None


def _lookup(name: str, function: Callable[..., Any]) -> object:
    """Return what a name means inside a function: of its closure, else of its module."""
    closure = inspect.getclosurevars(function)
    return closure.nonlocals.get(name, getattr(function, "__globals__", {}).get(name))


@cache
def _imports_for_type_checkers(module: str) -> Mapping[str, str]:
    """Return what a module imports under `if TYPE_CHECKING:`, by the names it gives."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError, SyntaxError):
        return {}
    found: dict[str, str] = {}
    for block in ast.walk(tree):
        if isinstance(block, ast.If) and ast.unparse(block.test).endswith("TYPE_CHECKING"):
            for statement in block.body:
                if isinstance(statement, ast.Import):
                    found |= {a.asname or a.name: a.name for a in statement.names}
                elif isinstance(statement, ast.ImportFrom):
                    found |= {
                        a.asname or a.name: f"{statement.module}.{a.name}" for a in statement.names
                    }
    return found
