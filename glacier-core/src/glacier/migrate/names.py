"""Which names of a module are Glacier's, followed through imports, aliases and scopes."""

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst.metadata import Assignment, ImportAssignment, QualifiedNameSource, Scope

from glacier.migrate.source import Source, Statement
from glacier.migrate.statements import import_lines
from glacier.migrate.v2 import OldName, is_of_glacier, old_name

Dotted = cst.Name | cst.Attribute
Text = cst.SimpleString | cst.ConcatenatedString


@dataclass(frozen=True, slots=True, eq=False)
class Use:
    """A place that uses a name of V2.

    Attributes:
        node: The whole dotted name.
        scope: The scope that it is in.
        binding: Its first part, which an import has bound.
        old: What it was in V2; None where it may also be something else.
        is_annotation: Whether it stands in an annotation or a type hint.
    """

    node: Dotted
    scope: Scope
    binding: str
    old: OldName | None
    is_annotation: bool


class Names:
    """Looks up the names of one module.

    Args:
        source: The module.

    Attributes:
        uses: The places that use a name of V2, in the order of the text.
        others: The scopes and first parts of other names, such as `glacier` of `glacier.task`.
        texts: Quoted annotations and type hints, with their scopes.
        unbound: Names that nothing in the module binds.
        lines: The module's imports.
        stars: The modules that it imports everything from.
        exported: The names that it lists in `__all__`, or adds to it.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.uses: list[Use] = []
        self.others: list[tuple[Scope, str]] = []
        self.texts: list[tuple[Text, Scope]] = []
        self.unbound: list[cst.Name] = []
        self.lines = import_lines(source)
        self.exported = _exported(source)
        self.stars = [one.module for one in self.lines if one.is_star]
        for node, is_annotation in self._accessed():
            self._look_at(node, is_annotation=is_annotation)

    def is_used_unbound(self, name: str) -> bool:
        """Tell whether the module uses a name that nothing binds, nor a star import of Glacier."""
        is_ours = bool(self.stars) and all(is_of_glacier(one) for one in self.stars)
        return not is_ours and any(one.value == name for one in self.unbound)

    def _scopes(self) -> set[Scope]:
        found = {self.source.scope(node) for node in self.source.parents}
        return {scope for scope in found if scope is not None}

    def _accessed(self) -> Iterator[tuple[cst.CSTNode, bool]]:
        found: dict[cst.CSTNode, bool] = {}
        for scope in self._scopes():
            for access in scope.accesses:
                node = _first(access.node)
                is_type = access.is_annotation or access.is_type_hint
                found[node] = found.get(node, False) or is_type
        yield from sorted(found.items(), key=lambda item: self.source.span(item[0]))

    def _look_at(self, node: cst.CSTNode, *, is_annotation: bool) -> None:
        scope = self.source.scope(node)
        if scope is None:
            return
        if isinstance(node, Text):
            self.texts.append((node, scope))
            return
        assert isinstance(node, cst.Name)
        if not qualified(scope, node.value):
            self.unbound.append(node)
            return
        whole: cst.CSTNode = node
        while isinstance(whole, Dotted):
            dotted = dotted_name(whole)
            is_old, old = old_at(scope, dotted)
            if is_old:
                self.uses.append(Use(whole, scope, node.value, old, is_annotation))
                return
            parent = self.source.parent(whole)
            if not isinstance(parent, cst.Attribute) or parent.value is not whole:
                break
            whole = parent
        self.others.append((scope, node.value))


def dotted_name(node: cst.CSTNode) -> str:
    """Return a name with its dots, such as `glacier.providers`; empty for anything else."""
    if isinstance(node, cst.Attribute):
        before = dotted_name(node.value)
        return f"{before}.{node.attr.value}" if before else ""
    return node.value if isinstance(node, cst.Name) else ""


def qualified(scope: Scope, dotted: str) -> set[str]:
    """Return what a name may be, by whole dotted names; local ones begin with a `.`."""
    return {
        name.name if name.source is not QualifiedNameSource.LOCAL else f".{name.name}"
        for name in scope.get_qualified_names_for(dotted)
    }


def old_at(scope: Scope, dotted: str) -> tuple[bool, OldName | None]:
    """Return whether a name may be one of V2, and which one; None for more than one thing."""
    found = {old_name(name) for name in qualified(scope, dotted)}
    if found in (set(), {None}):
        return False, None
    (old,) = found if len(found) == 1 else (None,)
    return True, old


def statements_of(scope: Scope, name: str) -> list[Statement]:
    """Return the imports that bind a name where a scope sees it."""
    found = [
        assignment.node
        for assignment in scope[name]
        if isinstance(assignment, ImportAssignment) and isinstance(assignment.node, Statement)
    ]
    return list(dict.fromkeys(found))


def is_bound_elsewhere(source: Source, scope: Scope, name: str) -> bool:
    """Tell whether an import binds a name that is `global` or `nonlocal` where it stands."""
    found = (one for one in scope[name] if isinstance(one, ImportAssignment))
    return any(one.scope is not source.scope(one.node) for one in found)


def bindings_of(scope: Scope, name: str) -> list[Assignment]:
    """Return what binds a name where a scope sees it, built-in names left out."""
    return [found for found in scope[name] if isinstance(found, Assignment)]


def _first(node: cst.CSTNode) -> cst.CSTNode:
    while isinstance(node, cst.Attribute):
        node = node.value
    return node


def _exported(source: Source) -> set[str | bytes]:
    if "__all__" not in source.text:
        return set()
    return {
        text.evaluated_value
        for text in source.nodes(cst.SimpleString)
        for line in source.around(text)
        if isinstance(line, cst.BaseSmallStatement) and "__all__" in source.text_of(line)
    }
