"""Names of V2 in annotations, plain and quoted."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile

import libcst as cst
from libcst.metadata import Scope

from glacier.migrate.changes import Edit, UndecidedError, edited
from glacier.migrate.contexts import is_inside
from glacier.migrate.names import Dotted, Text, dotted_name, old_at
from glacier.migrate.source import Source, UnreadableError
from glacier.migrate.v2 import OldName, own_name

_NAMES = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")


def renamed_types(source: Source, names: Mapping[cst.CSTNode, str]) -> Iterable[Edit]:
    """Return the edits that rename types; a union says none of them twice.

    Args:
        source: The text that they are in.
        names: Where they are, with what each becomes.
    """
    found: dict[cst.CSTNode, Edit] = {}
    for node, name in names.items():
        union = _union_around(source, node)
        if union is not None and _is_one_type(source, union, names):
            found[union] = Edit(*source.span(union), name)
        else:
            found[node] = _said_twice(source, node, names) or Edit(*source.span(node), name)
    return found.values()


@dataclass(frozen=True, slots=True)
class QuotedName:
    """A name in a quoted annotation.

    Attributes:
        binding: Its first part.
        is_old: Whether it may be one of V2 that has to change.
        old: What it was in V2; None where it may also be something else.
    """

    binding: str
    is_old: bool
    old: OldName | None


def quoted_names(text: Text, scope: Scope) -> list[QuotedName]:
    """Return the names in a quoted annotation.

    Args:
        text: The annotation.
        scope: The scope that looks them up.
    """
    if isinstance(text, cst.SimpleString):
        return [_quoted_name(name, scope) for name in _NAMES.findall(text.raw_value)]
    parts = [part for part in (text.left, text.right) if isinstance(part, Text)]
    return [name for part in parts for name in quoted_names(part, scope)]


def renamed_text(text: Text, scope: Scope) -> str:
    """Return a quoted annotation with V3's names.

    Raises:
        UndecidedError: It is written in a way that can't be looked into.
    """
    if not isinstance(text, cst.SimpleString) or text.prefix or "\\" in text.raw_value:
        raise UndecidedError("The annotation's quotes are not plain ones. Write it without quotes")
    try:
        inner = Source(text.raw_value.encode())
    except UnreadableError as error:
        raise UndecidedError("The quoted annotation can't be read. Write it on one line") from error
    found = _Types(scope, inner)
    inner.module.visit(found)
    renamed = edited(inner.text, renamed_types(inner, found.names))
    if found.is_class or _has_old_names(renamed, scope):
        raise UndecidedError(
            "It speaks of a class itself, or has quotes in quotes. Write it without quotes, and "
            "migrate again"
        )
    return f"{text.quote}{renamed}{text.quote}"


class _Types(cst.CSTVisitor):
    """Collects the names of V2 in a tree whose names another scope looks up."""

    def __init__(self, scope: Scope, inner: Source) -> None:
        super().__init__()
        self._scope = scope
        self._inner = inner
        self.is_class = False
        self.names: dict[cst.CSTNode, str] = {}

    def visit_Attribute(self, node: cst.Attribute) -> bool:  # noqa: N802 - libcst's names
        if not self._note(node):
            node.value.visit(self)
        return False  # what comes after a dot is no name by itself

    def visit_Name(self, node: cst.Name) -> None:  # noqa: N802
        self._note(node)

    def _note(self, node: Dotted) -> bool:
        _, old = old_at(self._scope, dotted_name(node))
        if old is not None:
            self.names[node] = own_name(old.successor)
            self.is_class = self.is_class or is_inside(
                self._inner, node, lambda name: own_name(name) in ("type", "Type")
            )
        return old is not None


def _said_twice(source: Source, node: cst.CSTNode, names: Mapping[cst.CSTNode, str]) -> Edit | None:
    """Return the edit that takes a type out of a union that says it before; else None."""
    before = _before_in_union(source, node)
    said = {names.get(one, dotted_name(one)) for one in before}
    if names[node] not in said or _is_in_parentheses(node, *before):
        return None
    start, end = source.span(before[-1])[1], source.span(node)[1]
    return None if "#" in source.text[start:end] else Edit(start, end, "")


def _before_in_union(source: Source, node: cst.CSTNode) -> list[cst.BaseExpression]:
    parent = source.parent(node)
    if isinstance(parent, cst.BinaryOperation):
        return list(_operands(parent.left)) if parent.right is node else []
    union = _union_around(source, node)
    return [] if union is None else list(takewhile(lambda one: one is not node, _members(union)))


def _union_around(source: Source, node: cst.CSTNode) -> cst.Subscript | None:
    """Return the `Union[...]` that a type is a member of."""
    whole = source.parent(source.parent(source.parent(node)))
    if not isinstance(whole, cst.Subscript) or node not in _members(whole):
        return None
    return whole if own_name(dotted_name(whole.value)) == "Union" else None


def _members(whole: cst.Subscript) -> list[cst.BaseExpression]:
    return [one.slice.value for one in whole.slice if isinstance(one.slice, cst.Index)]


def _is_one_type(source: Source, union: cst.Subscript, names: Mapping[cst.CSTNode, str]) -> bool:
    """Tell whether all members of a union become one type, so that none is needed."""
    is_plain = "#" not in source.text_of(union) and not _is_in_parentheses(*_members(union))
    become = {names.get(one) for one in _members(union)}
    return is_plain and len(become) == 1 and None not in become


def _operands(node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.BitOr):
        yield from _operands(node.left)
        yield node.right
    else:
        yield node


def _is_in_parentheses(*nodes: cst.CSTNode) -> bool:
    return any(getattr(node, "lpar", ()) for node in nodes)


def _quoted_name(dotted: str, scope: Scope) -> QuotedName:
    binding = dotted.partition(".")[0]
    for beginning in _beginnings(dotted):
        is_old, old = old_at(scope, beginning)
        if is_old:
            return QuotedName(binding, old is None or old.role != "resource", old)
    return QuotedName(binding, is_old=False, old=None)


def _has_old_names(text: str, scope: Scope) -> bool:
    """Tell whether a text has names of V2 that V3 calls something else."""
    names = [_quoted_name(name, scope) for name in _NAMES.findall(text)]
    return any(one.old and one.old.name != own_name(one.old.successor) for one in names)


def _beginnings(dotted: str) -> Iterator[str]:
    parts = dotted.split(".")
    yield from (".".join(parts[:length]) for length in range(1, len(parts) + 1))
