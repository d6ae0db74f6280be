"""Tells at a glance whether a module may have anything of V2, since most modules have not."""

import ast
import re
import warnings

from glacier.migrate.advice import unknown_import
from glacier.migrate.v2 import FIELDS, GONE, RESOURCES

_WORDS = "|".join([*GONE, "bucket_source", "providers"])
_FIELDS = "|".join(FIELDS)
_RESOURCES = "|".join(RESOURCES)
_SIGNS = re.compile(
    rf"\b(?:{_WORDS})\b|\.\s*(?:{_FIELDS})\b|\b(?:{_RESOURCES})(?:\s*\(|\s+as\b)".encode()
)


def may_be_old(data: bytes) -> bool:
    """Tell whether a module has to be looked into; a text that is no Python has to be.

    Args:
        data: The module's bytes.
    """
    if b"glacier" not in data:
        return b"bucket_source" in data
    return _SIGNS.search(data) is not None or _has_unknown_imports(data)


def _has_unknown_imports(data: bytes) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return any(_is_unknown(node) for node in ast.walk(tree))


def _is_unknown(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(unknown_import(alias.name, None) for alias in node.names)
    if isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
        return any(unknown_import(node.module, alias.name) for alias in node.names)
    return False
