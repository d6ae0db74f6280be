"""Which names of a module hold a provider."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
from libcst.helpers import get_full_name_for_node
from libcst.metadata import Assignment, ClassScope, GlobalScope, Scope

from glacier.migrate.names import bindings_of, old_at, qualified
from glacier.migrate.source import Source
from glacier.migrate.v2 import PLATFORMS, PROVIDER, OldName, Platform

# Names of objects: `provider`, `dev_provider`, `awsProvider`, but not a class such as `Provider`.
_LIKELY = re.compile(r"provider\Z|[a-z_]\w*[pP]rovider\Z|\w*PROVIDER\Z")
_MAKERS = ("build", "create", "find", "get", "load", "make", "new")


@dataclass(frozen=True, slots=True, eq=False)
class HeldProvider:
    """A provider that a name is bound to.

    Attributes:
        platform: Its platform; None where that is not known.
        call: The call that has its region, of V2's class or of V3's config; None where none has.
    """

    platform: Platform | None = None
    call: cst.Call | None = None


class Receivers:
    """Knows the names of a module that hold a provider.

    Args:
        source: The module.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._held: dict[cst.CSTNode, HeldProvider] = {}
        self._attributes: set[str] = set()
        found = _Bindings(source)
        source.module.visit(found)
        for target, made in found.made:
            if isinstance(target, cst.Attribute):
                self._attributes.add(get_full_name_for_node(target) or "")
            if isinstance(target, cst.Name) and isinstance(source.scope(target), ClassScope):
                self._attributes.add(f"self.{target.value}")
            self._held[target] = made

    @property
    def has_any(self) -> bool:
        """Whether anything holds a provider for certain."""
        return bool(self._held)

    def is_provider(self, node: cst.BaseExpression) -> bool:
        """Tell whether an expression is a provider for certain."""
        scope = self._source.scope(node)
        if scope is None:
            return False
        if isinstance(node, cst.NamedExpr):
            node = node.value
        if isinstance(node, cst.Call):
            return provider_made(node, scope) is not None
        if isinstance(node, cst.Attribute):
            return get_full_name_for_node(node) in self._attributes
        if not isinstance(node, cst.Name):
            return False
        bindings = bindings_of(scope, node.value)
        return bool(bindings) and all(one.node in self._held for one in bindings)

    def is_likely(self, node: cst.BaseExpression) -> bool:
        """Tell whether an expression is called a provider, so that it may well be one."""
        if isinstance(node, cst.Call):
            node = node.func
        if isinstance(node, cst.Attribute):
            return bool(_LIKELY.match(node.attr.value))
        return isinstance(node, cst.Name) and bool(_LIKELY.match(node.value))

    def held(self, scope: Scope, name: str) -> HeldProvider:
        """Return what is known of the provider that a name holds."""
        bindings = bindings_of(scope, name)
        if len(bindings) == 1:
            return self._held.get(bindings[0].node, HeldProvider())
        platforms = {self._held.get(one.node, HeldProvider()).platform for one in bindings}
        return HeldProvider(platforms.pop() if len(platforms) == 1 else None)

    def in_scope(self, node: cst.CSTNode) -> list[str]:
        """Return the names that hold a provider, or may well do, where a node stands."""
        scope = self._source.scope(node)
        start, _ = self._source.span(node)
        found = set() if scope is None else set(self._visible(scope, start))
        return sorted(found)

    def _visible(self, scope: Scope, start: int) -> Iterator[str]:
        seen: set[str] = set()
        each: Scope = scope
        while True:
            if each is scope or not isinstance(each, ClassScope):
                own = [one for one in each.assignments if isinstance(one, Assignment)]
                before = [one for one in own if each is not scope or self._is_before(one, start)]
                yield from {one.name for one in before if self._holds(one)} - seen
                seen |= {one.name for one in own}
            if isinstance(each, GlobalScope):
                return
            each = each.parent

    def _is_before(self, binding: Assignment, start: int) -> bool:
        return self._source.span(binding.node)[0] < start

    def _holds(self, binding: Assignment) -> bool:
        if isinstance(binding.node, cst.FunctionDef | cst.ClassDef | cst.Import):
            return False
        is_maker = binding.name.lstrip("_").startswith(_MAKERS)
        return binding.node in self._held or bool(_LIKELY.match(binding.name) and not is_maker)


class _Bindings(cst.CSTVisitor):
    """Collects the targets to which a module assigns providers, and parameters that are some."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self.made: list[tuple[cst.CSTNode, HeldProvider]] = []

    def visit_Assign(self, node: cst.Assign) -> None:  # noqa: N802 - libcst's names
        for target in node.targets:
            self._note(target.target, node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:  # noqa: N802
        self._note_annotated(node.target, node.annotation.annotation)
        if node.value is not None:  # says more, such as the platform
            self._note(node.target, node.value)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:  # noqa: N802
        self._note(node.target, node.value)

    def visit_Param(self, node: cst.Param) -> None:  # noqa: N802
        if node.annotation is not None:
            self._note_annotated(node, node.annotation.annotation)

    def _note_annotated(self, target: cst.CSTNode, annotation: cst.BaseExpression) -> None:
        scope = self._source.scope(annotation)
        if scope is not None and _is_provider_type(annotation, scope):
            # Of no platform: once the annotation is V3's, nobody can tell it any more.
            self.made.append((target, HeldProvider()))

    def _note(self, target: cst.BaseExpression, value: cst.BaseExpression) -> None:
        scope = self._source.scope(value)
        made = None if scope is None else _held_in(value, scope)
        if made is not None:
            self.made.append((target, made))


def _held_in(value: cst.BaseExpression, scope: Scope) -> HeldProvider | None:
    """Return what is known of the provider that an expression is; None where it is none."""
    if isinstance(value, cst.Call):
        return provider_made(value, scope)
    if isinstance(value, cst.IfExp):
        one, other = _held_in(value.body, scope), _held_in(value.orelse, scope)
        if one is not None and other is not None:
            return HeldProvider(one.platform if one.platform is other.platform else None)
    return None


def _is_provider_type(annotation: cst.BaseExpression, scope: Scope) -> bool:
    """Tell whether an annotation allows providers alone, or None."""
    if isinstance(annotation, cst.SimpleString):
        try:
            annotation = cst.parse_expression(annotation.raw_value)
        except cst.ParserSyntaxError:
            return False
    return _is_old_or_new(annotation, scope) and not _is_none(annotation)


def _is_old_or_new(part: cst.BaseExpression, scope: Scope) -> bool:
    if isinstance(part, cst.BinaryOperation):
        return _is_old_or_new(part.left, scope) and _is_old_or_new(part.right, scope)
    name = get_full_name_for_node(part) or ""
    if isinstance(part, cst.Subscript):
        parts = [one.slice.value for one in part.slice if isinstance(one.slice, cst.Index)]
        is_union = name.rpartition(".")[2] in ("Optional", "Union")
        return is_union and all(_is_old_or_new(one, scope) for one in parts)
    is_provider = _old_provider(scope, name) is not None or qualified(scope, name) == {PROVIDER}
    return is_provider or _is_none(part)


def _is_none(part: cst.BaseExpression) -> bool:
    return isinstance(part, cst.Name) and part.value == "None"


def provider_made(call: cst.Call, scope: Scope) -> HeldProvider | None:
    """Return what is known of the provider that a call makes; None where it makes none."""
    called = (get_full_name_for_node(call.func) or "").removesuffix(".from_env")
    old = _old_provider(scope, called)
    if old is not None:
        return HeldProvider(old.platform, call)
    return _configured(call, scope) if qualified(scope, called) == {PROVIDER} else None


def _configured(call: cst.Call, scope: Scope) -> HeldProvider:
    """Return what is known of V3's provider by the call that makes its config."""
    for arg in call.args:
        if isinstance(arg.value, cst.Call):
            called = (get_full_name_for_node(arg.value.func) or "").removesuffix(".from_env")
            for platform in PLATFORMS:
                if qualified(scope, called) == {f"glacier.config.{platform.config}"}:
                    return HeldProvider(platform, arg.value)
    return HeldProvider()


def _old_provider(scope: Scope, name: str) -> OldName | None:
    _, old = old_at(scope, name)
    return old if old is not None and old.role in ("provider", "base") else None
