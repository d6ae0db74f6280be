"""Which modules a piece of code imports, found without running it."""

import ast
import dis
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType

_IMPORTERS = {"import_module", "__import__"}
_one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Imports:
    """What a module's source imports.

    Attributes:
        names: Modules, and names in modules that may be modules themselves.
        for_types: Those that only type checkers import.
    """

    names: frozenset[str]
    for_types: frozenset[str]


def parsed(source: str | bytes) -> ast.Module:
    """Return a source's syntax tree.

    Python 3.11 counts how deep a tree is for all threads together, so that two of them that
    parse may raise a `SystemError`: https://github.com/python/cpython/issues/106905

    Raises:
        SyntaxError: It is no Python.
        ValueError: It holds a NUL byte.
    """
    with _one_at_a_time:
        return ast.parse(source)


def imports_of_code(code: CodeType, package: str = "") -> set[str]:
    """Return what a compiled function imports when it runs, with its inner functions.

    Args:
        code: The function's code.
        package: The package from which its relative imports are seen.
    """
    found: set[str] = set()
    module = ""
    # Arguments beyond 255 have a prefix, which is an instruction too.
    every = dis.get_instructions(code)
    instructions = [one for one in every if one.opname != "EXTENDED_ARG"]
    for index, instruction in enumerate(instructions):
        if instruction.opname == "IMPORT_NAME":
            # Before it stand the level of a relative import and the names that are wanted.
            level = instructions[index - 2].argval
            module = _absolute(str(instruction.argval), level, package)
            found.add(module)
        elif instruction.opname == "IMPORT_FROM" and module:
            found.add(f"{module}.{instruction.argval}")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            found |= imports_of_code(constant, package)
    return found


@lru_cache(maxsize=1024)
def imports_of_source(source: bytes, module: str, *, is_package: bool) -> Imports:
    """Return what a module's source imports, also inside functions and by constant names.

    Args:
        source: The source; one that can't be parsed imports nothing.
        module: The module's full name.
        is_package: Whether it is a package's `__init__`.
    """
    try:
        tree = parsed(source)
    except (SyntaxError, ValueError):
        return Imports(frozenset(), frozenset())
    package = module if is_package else module.rpartition(".")[0]
    typing_only: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            typing_only |= {inner for statement in node.body for inner in ast.walk(statement)}
    names: set[str] = set()
    for_types: set[str] = set()
    for node in ast.walk(tree):
        (for_types if node in typing_only else names).update(_imported_by(node, package))
    return Imports(frozenset(names), frozenset(for_types - names))


def _imported_by(node: ast.AST, package: str) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(node.module or "", node.level, package)
        yield base
        yield from (f"{base}.{alias.name}".strip(".") for alias in node.names if alias.name != "*")
    elif isinstance(node, ast.Call) and node.args:
        called = node.func.attr if isinstance(node.func, ast.Attribute) else None
        called = node.func.id if isinstance(node.func, ast.Name) else called
        first = node.args[0]
        if called in _IMPORTERS and isinstance(first, ast.Constant):
            yield str(first.value)


def _absolute(module: str, level: int, package: str) -> str:
    """Return the full name of a module that is imported from within a package."""
    if not level:
        return module
    parents = package.split(".")
    base = parents[: len(parents) - level + 1]
    return ".".join([*base, *([module] if module else [])])
