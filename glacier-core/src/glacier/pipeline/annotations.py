"""Which kind of frame a task's annotations ask for, found without importing what they name."""

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from functools import cache
from typing import Any, ForwardRef, Literal, get_args, get_origin

from glacier.errors import DecorationError
from glacier.jobs.imports import parsed


class FrameKind(StrEnum):
    """A kind of frame that a parameter can ask for."""

    LAZY = "polars.LazyFrame"
    EAGER = "polars.DataFrame"
    NARWHALS = "narwhals.LazyFrame"
    SPARK = "pyspark.sql.DataFrame"

    @property
    def engine(self) -> "Engine":
        """The engine that such a frame asks for."""
        return _ENGINES.get(self, "polars")


Engine = Literal["polars", "narwhals", "spark"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

_ENGINES: dict[FrameKind, Engine] = {FrameKind.NARWHALS: "narwhals", FrameKind.SPARK: "spark"}
_OTHER_NAMES = {
    "narwhals.stable.v1.LazyFrame": FrameKind.NARWHALS,
    "narwhals.stable.v2.LazyFrame": FrameKind.NARWHALS,
    "pyspark.sql.dataframe.DataFrame": FrameKind.SPARK,
}
_KINDS = {**{kind.value: kind for kind in FrameKind}, **_OTHER_NAMES}


def frame_kinds(function: Callable[..., Any]) -> dict[str, FrameKind]:
    """Return the kinds of frames that a function's parameters are annotated with, by name.

    Annotations are resolved one at a time, strings too, also through imports that only type
    checkers carry out. `Optional`, unions with None and `Annotated` are looked through. A
    parameter whose annotation can't be resolved, is no frame, or allows lazy and eager Polars
    frames alike, is left out.

    Raises:
        DecorationError: The parameters ask for frames of two engines.
    """
    found = {}
    by_engine: dict[Engine, str] = {}
    for name, annotation in _annotations(function).items():
        if name == "return":
            continue
        kinds = _kinds_of(annotation, function)
        by_engine |= {kind.engine: f"{name}: {kind.value}" for kind in sorted(kinds)}
        if len(kinds) == 1:
            found[name] = next(iter(kinds))
    if len(by_engine) > 1:
        name = getattr(function, "__name__", repr(function))
        raise DecorationError(
            f"Task {name!r} asks for frames of two kinds: {'; '.join(by_engine.values())}. One "
            "engine runs a task: annotate all frames with one library's type, or split the task."
        )
    return found


def _annotations(function: Callable[..., Any]) -> Mapping[str, object]:
    if sys.version_info >= (3, 14):
        # There they are evaluated on demand, and one may exist for type checkers only.
        from annotationlib import Format, get_annotations

        return get_annotations(function, format=Format.STRING)
    return inspect.get_annotations(function)


def _kinds_of(annotation: object, function: Callable[..., Any]) -> set[FrameKind]:
    if isinstance(annotation, ForwardRef):  # a string in `Optional[...]`
        annotation = annotation.__forward_arg__
    if isinstance(annotation, str):
        return _kinds_of_text(annotation, function)
    origin = get_origin(annotation)
    if origin is not None:  # a union, a container, Annotated, or a generic frame
        return _of_all(_kinds_of(part, function) for part in (origin, *get_args(annotation)))
    if isinstance(annotation, type):
        for name, kind in _KINDS.items():
            module, _, attribute = name.rpartition(".")
            if annotation is getattr(sys.modules.get(module), attribute, None):
                return {kind}
    return set()


def _kinds_of_text(annotation: str, function: Callable[..., Any]) -> set[FrameKind]:
    try:
        statements = parsed(textwrap.dedent(annotation).strip()).body
    except SyntaxError:
        return set()
    match statements:
        case [ast.Expr(value=expression)]:
            return _kinds_of_expression(expression, function)
    return set()


def _kinds_of_expression(node: ast.expr, function: Callable[..., Any]) -> set[FrameKind]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _of_all(_kinds_of_expression(side, function) for side in (node.left, node.right))
    if isinstance(node, ast.Subscript):
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return _of_all(_kinds_of_expression(part, function) for part in (node.value, *inner))
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _kinds_of_text(node.value, function)
    root, _, rest = ast.unparse(node).partition(".")
    value = _lookup(root, function)
    for attribute in rest.split(".") if rest and value is not None else []:
        value = getattr(value, attribute, None)
    if value is not None:
        return _kinds_of(value, function)
    imported = _imports_for_type_checkers(function.__module__).get(root)
    kind = _KINDS.get(f"{imported}.{rest}" if rest else str(imported))
    return set() if kind is None else {kind}


def _of_all(parts: Iterator[set[FrameKind]]) -> set[FrameKind]:
    return set().union(*parts)


def _lookup(name: str, function: Callable[..., Any]) -> object:
    """Return what a name means inside a function: of its closure, else of its module."""
    closure = inspect.getclosurevars(function)
    return closure.nonlocals.get(name, getattr(function, "__globals__", {}).get(name))


@cache
def _imports_for_type_checkers(module: str) -> Mapping[str, str]:
    """Return what a module imports under `if TYPE_CHECKING:`, by the names it gives."""
    try:
        tree = parsed(inspect.getsource(sys.modules[module]))
    except (KeyError, OSError, TypeError, SyntaxError):
        return {}
    found: dict[str, str] = {}
    for block in ast.walk(tree):
        if isinstance(block, ast.If) and ast.unparse(block.test).endswith("TYPE_CHECKING"):
            for statement in block.body:
                if isinstance(statement, ast.Import):
                    for alias in statement.names:
                        root = alias.name.partition(".")[0]
                        found |= {alias.asname: alias.name} if alias.asname else {root: root}
                elif isinstance(statement, ast.ImportFrom):
                    found |= {
                        a.asname or a.name: f"{statement.module}.{a.name}" for a in statement.names
                    }
    return found
