"""Which expressions of a module are providers, and which may be."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator

import libcst as cst
from libcst.metadata import Assignment, ClassScope, GlobalScope, Scope

from glacier.migrate.names import bindings_of, dotted_name
from glacier.migrate.provider_bindings import HeldProvider, provider_bindings
from glacier.migrate.source import Source
from glacier.migrate.v2 import own_name

# Names of objects: `provider`, `dev_provider`, `awsProvider`, but not a class such as `Provider`.
_LIKELY = re.compile(r"provider\Z|[a-z_]\w*[pP]rovider\Z|\w*PROVIDER\Z")
_MAKERS = ("build", "create", "find", "get", "load", "make", "new")

_Owner = cst.CSTNode | frozenset[Assignment]


class Receivers:
    """Knows the names of a module that hold a provider.

    Args:
        source: The module.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._bindings = provider_bindings(source)
        self._held = self._bindings.held
        self._members: dict[tuple[_Owner, str], list[cst.CSTNode]] = defaultdict(list)
        for node in (*source.stores, *self._held):
            member = self._member(node)
            if member is not None:
                self._members[member].append(node)
        self._member_names = {
            own_name(name)
            for (_, name), nodes in self._members.items()
            if not self._held.keys().isdisjoint(nodes)
        }

    def is_provider(self, node: cst.BaseExpression) -> bool:
        """Tell whether an expression is a provider for certain."""
        scope = self._source.scope(node)
        if scope is None:
            return False
        if isinstance(node, cst.Attribute):
            member = self._member(node)
            bindings = [] if member is None else self._members.get(member, [])
            bindings = [one for one in bindings if one not in self._bindings.nothing]
        elif isinstance(node, cst.Name):
            bindings = self._bound(scope, node.value)
        else:
            return self._bindings.in_value(node, scope) is not None
        return bool(bindings) and all(one in self._held for one in bindings)

    def is_possible(self, node: cst.BaseExpression) -> bool:
        """Tell whether an expression may be a provider: its name says so, or it once holds one."""
        if self.is_likely(node) or self.is_provider(node):
            return True
        if isinstance(node, cst.Attribute):
            return node.attr.value in self._member_names
        if isinstance(node, cst.Call):
            return own_name(dotted_name(node.func)) in self._bindings.maker_names
        scope = self._source.scope(node)
        if scope is None or not isinstance(node, cst.Name):
            return False
        return any(one in self._held for one in self._bound(scope, node.value))

    def is_likely(self, node: cst.BaseExpression) -> bool:
        """Tell whether an expression is called a provider, so that it may well be one."""
        if isinstance(node, cst.Call):
            node = node.func
        if isinstance(node, cst.Attribute):
            return bool(_LIKELY.match(node.attr.value))
        return isinstance(node, cst.Name) and bool(_LIKELY.match(node.value))

    def held(self, scope: Scope, name: str) -> HeldProvider:
        """Return what is known of the provider that a name holds."""
        held = [self._held.get(one, HeldProvider()) for one in self._bound(scope, name)]
        if len(held) == 1:
            return held[0]
        platforms = {one.platform for one in held}
        return HeldProvider(platforms.pop() if len(platforms) == 1 else None)

    def in_scope(self, node: cst.CSTNode) -> list[str]:
        """Return the names that hold a provider, or may well do, where a node stands."""
        scope = self._source.scope(node)
        return [] if scope is None else sorted(set(self._visible(scope, node)))

    def _bound(self, scope: Scope, name: str) -> list[cst.CSTNode]:
        """Return what binds a name to something, which None is not."""
        bindings = [one.node for one in bindings_of(scope, name)]
        return [one for one in bindings if one not in self._bindings.nothing]

    def _member(self, node: cst.CSTNode) -> tuple[_Owner, str] | None:
        """Return whose attribute a node is, and its dotted name; None for what is no attribute.

        An attribute of `self` is one of the class around it, like a name in the class's body. Any
        other is one of what binds the first part of its dotted name.
        """
        scope = self._source.scope(node)
        if isinstance(node, cst.Name) and isinstance(scope, ClassScope):
            return scope.node, f"self.{node.value}"
        name = dotted_name(node)
        if "." not in name or scope is None:
            return None
        root = name.partition(".")[0]
        classes = (one for one in self._source.around(node) if isinstance(one, cst.ClassDef))
        of_class = next(classes, None) if root == "self" else None
        return of_class or frozenset(bindings_of(scope, root)), name

    def _visible(self, scope: Scope, node: cst.CSTNode) -> Iterator[str]:
        seen: set[str] = set()
        each: Scope = scope
        while True:
            if each is scope or not isinstance(each, ClassScope):
                own: dict[str, list[cst.CSTNode]] = defaultdict(list)
                for one in each.assignments:
                    if isinstance(one, Assignment):
                        own[one.name].append(one.node)
                for name in own.keys() - seen:
                    holding = [one for one in own[name] if self._holds(name, one)]
                    if holding and (each is not scope or self._is_bound(holding, node)):
                        yield name
                seen |= own.keys()
            if isinstance(each, GlobalScope):
                return
            each = each.parent

    def _holds(self, name: str, binding: cst.CSTNode) -> bool:
        if isinstance(binding, cst.FunctionDef | cst.ClassDef | cst.Import):
            return False
        is_maker = name.lstrip("_").startswith(_MAKERS)
        return binding in self._held or bool(_LIKELY.match(name) and not is_maker)

    def _is_bound(self, bindings: Collection[cst.CSTNode], node: cst.CSTNode) -> bool:
        """Tell whether a name is bound on every way that leads to a node."""
        source = self._source
        start, _ = source.span(node)
        around = list(source.blocks(node))
        before = [one for one in bindings if source.span(one)[0] < start]
        inner = {next(source.blocks(one)) for one in before}
        if not inner.isdisjoint(around):
            return True
        statements = (source.within(around, one) for one in before)
        return any(_binds_in_all_branches(one, inner) for one in statements)


def _binds_in_all_branches(branch: cst.CSTNode | None, blocks: Collection[cst.CSTNode]) -> bool:
    """Tell whether each branch of an `if`, of which there is an `else`, is one of some blocks."""
    if isinstance(branch, cst.Else):
        return branch.body in blocks
    if not isinstance(branch, cst.If) or branch.body not in blocks:
        return False
    return _binds_in_all_branches(branch.orelse, blocks)
