"""What a module binds to providers: names, attributes, and functions that return one."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import Scope

from glacier.migrate.names import dotted_name, old_at, qualified
from glacier.migrate.source import Source
from glacier.migrate.v2 import PLATFORMS, PROVIDER, OldName, Platform

_PROPERTIES = ("property", "cached_property")


@dataclass(frozen=True, slots=True, eq=False)
class HeldProvider:
    """A provider that a name is bound to.

    Attributes:
        platform: Its platform; None where that is not known.
        call: The call that has its region, of V2's class or of V3's config; None where none has.
    """

    platform: Platform | None = None
    call: cst.Call | None = None


@dataclass(frozen=True, slots=True)
class ProviderBindings:
    """What is bound to a provider.

    Attributes:
        held: Names, attributes, parameters and properties, by the node that binds them.
        makers: Functions that return one when they are called.
    """

    held: dict[cst.CSTNode, HeldProvider] = field(default_factory=dict)
    makers: set[cst.CSTNode] = field(default_factory=set)

    def in_value(self, value: cst.BaseExpression, scope: Scope) -> HeldProvider | None:
        """Return what is known of the provider that an expression is; None where it is none."""
        if isinstance(value, cst.NamedExpr):
            return self.in_value(value.value, scope)
        if isinstance(value, cst.Call):
            return _made(value, scope) or self._returned(value, scope)
        if isinstance(value, cst.IfExp):
            one, other = self.in_value(value.body, scope), self.in_value(value.orelse, scope)
            if one is not None and other is not None:
                return HeldProvider(one.platform if one.platform is other.platform else None)
        return None

    def _returned(self, call: cst.Call, scope: Scope) -> HeldProvider | None:
        name = dotted_name(call.func)
        found = {getattr(one, "node", None) for one in scope[name]}
        return HeldProvider() if found and found <= self.makers else None


def provider_bindings(source: Source) -> ProviderBindings:
    """Return what a module binds to providers for certain."""
    found = _Functions(source)
    source.module.visit(found)
    source.module.visit(_Assignments(source, found.bindings))
    return found.bindings


class _Functions(cst.CSTVisitor):
    """Collects what is annotated as a provider: parameters, and what functions return."""

    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source = source
        self.bindings = ProviderBindings()

    def visit_Param(self, node: cst.Param) -> None:  # noqa: N802 - libcst's names
        if node.star not in ("*", "**") and _is_typed(self._source, node):
            self.bindings.held[node] = HeldProvider()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
        if node.asynchronous is not None or not _is_typed(self._source, node):
            return
        decorators = [dotted_name(one.decorator) for one in node.decorators]
        if not decorators:
            self.bindings.makers.add(node)
        elif all(one.rpartition(".")[2] in _PROPERTIES for one in decorators):
            self.bindings.held[node.name] = HeldProvider()


class _Assignments(cst.CSTVisitor):
    """Collects the targets to which a module assigns providers."""

    def __init__(self, source: Source, bindings: ProviderBindings) -> None:
        super().__init__()
        self._source = source
        self._bindings = bindings

    def visit_Assign(self, node: cst.Assign) -> None:  # noqa: N802
        for target in node.targets:
            self._note(target.target, node.value)

    def visit_AnnAssign(self, node: cst.AnnAssign) -> None:  # noqa: N802
        if _is_typed(self._source, node):
            # Of no platform: once the annotation is V3's, nobody can tell it any more.
            self._bindings.held[node.target] = HeldProvider()
        if node.value is not None:  # says more, such as the platform
            self._note(node.target, node.value)

    def visit_NamedExpr(self, node: cst.NamedExpr) -> None:  # noqa: N802
        self._note(node.target, node.value)

    def _note(self, target: cst.BaseExpression, value: cst.BaseExpression) -> None:
        scope = self._source.scope(value)
        made = None if scope is None else self._bindings.in_value(value, scope)
        if made is not None:
            self._bindings.held[target] = made


def _is_typed(source: Source, node: cst.Param | cst.FunctionDef | cst.AnnAssign) -> bool:
    """Tell whether an annotation allows providers alone, or None."""
    said = node.returns if isinstance(node, cst.FunctionDef) else node.annotation
    scope = None if said is None else source.scope(said.annotation)
    if said is None or scope is None:
        return False
    annotation = said.annotation
    if isinstance(annotation, cst.SimpleString):
        try:
            annotation = cst.parse_expression(annotation.raw_value)
        except cst.ParserSyntaxError:
            return False
    return _is_provider(annotation, scope) and not _is_none(annotation)


def _is_provider(part: cst.BaseExpression, scope: Scope) -> bool:
    """Tell whether a type is that of providers, or None."""
    if isinstance(part, cst.BinaryOperation):
        return _is_provider(part.left, scope) and _is_provider(part.right, scope)
    if isinstance(part, cst.Subscript):
        is_union = dotted_name(part.value).rpartition(".")[2] in ("Optional", "Union")
        return is_union and all(_is_provider(one, scope) for one in _members(part))
    name = dotted_name(part)
    is_provider = _old_provider(scope, name) is not None or qualified(scope, name) == {PROVIDER}
    return is_provider or _is_none(part)


def _members(union: cst.Subscript) -> Iterator[cst.BaseExpression]:
    yield from (one.slice.value for one in union.slice if isinstance(one.slice, cst.Index))


def _is_none(part: cst.BaseExpression) -> bool:
    return isinstance(part, cst.Name) and part.value == "None"


def _made(call: cst.Call, scope: Scope) -> HeldProvider | None:
    """Return what is known of the provider that a call makes; None where it makes none."""
    called = dotted_name(call.func).removesuffix(".from_env")
    old = _old_provider(scope, called)
    if old is not None:
        return HeldProvider(old.platform, call)
    return _configured(call, scope) if qualified(scope, called) == {PROVIDER} else None


def _configured(call: cst.Call, scope: Scope) -> HeldProvider:
    """Return what is known of V3's provider by the call that makes its config."""
    for arg in call.args:
        if isinstance(arg.value, cst.Call):
            called = dotted_name(arg.value.func).removesuffix(".from_env")
            for platform in PLATFORMS:
                if qualified(scope, called) == {f"glacier.config.{platform.config}"}:
                    return HeldProvider(platform, arg.value)
    return HeldProvider()


def _old_provider(scope: Scope, name: str) -> OldName | None:
    _, old = old_at(scope, name)
    return old if old is not None and old.role in ("provider", "base") else None
