"""Reads the imports of a module without importing it."""

import ast
from collections.abc import Iterator
from typing import TypeGuard


def imported_packages(source: str, *, at_once: bool = False) -> set[str]:
    """Return the top-level packages that a module imports, those for type checkers left out.

    Args:
        source: The module's text.
        at_once: Whether to leave out what is imported only when a function is called.
    """
    return {name.partition(".")[0] for name in imported_modules(source, at_once=at_once)}


def imported_modules(source: str, *, at_once: bool = False) -> set[str]:
    """Return the modules, by their whole names, of which `imported_packages` has the start."""
    found: set[str] = set()
    for node in _executed(ast.parse(source), at_once=at_once):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def _executed(tree: ast.AST, *, at_once: bool) -> Iterator[ast.AST]:
    """Yield the nodes of a module, without what stands under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(tree):
        if _is_for_type_checkers(tree) and child not in tree.orelse:
            continue
        if at_once and isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        yield child
        yield from _executed(child, at_once=at_once)


def _is_for_type_checkers(node: ast.AST) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
