"""What a module binds to providers: names, attributes, and functions that return one."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import Scope

from glacier.migrate.names import dotted_name, old_at, qualified
from glacier.migrate.source import Source
from glacier.migrate.v2 import PLATFORMS, PROVIDER, OldName, Platform, own_name

_PROPERTIES = {"property", "cached_property"}


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
        maker_names: The names of all that are annotated to return one, such as methods.
        nothing: What is bound to None, which nobody asks for anything.
    """

    held: dict[cst.CSTNode, HeldProvider] = field(default_factory=dict)
    makers: set[cst.CSTNode] = field(default_factory=set)
    maker_names: set[str] = field(default_factory=set)
    nothing: set[cst.CSTNode] = field(default_factory=set)

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
    found = ProviderBindings()
    for parameter in source.nodes(cst.Param):
        if parameter.star not in ("*", "**") and _is_typed(source, parameter):
            found.held[parameter] = HeldProvider()
    for function in source.nodes(cst.FunctionDef):
        if _is_typed(source, function):
            _note_returned(found, function)
    for annotated in source.nodes(cst.AnnAssign):
        if _is_typed(source, annotated):
            # Of no platform: once the annotation is V3's, nobody can tell it any more.
            found.held[annotated.target] = HeldProvider()
    for target, value in _assigned(source):
        scope = source.scope(value)
        made = None if scope is None else found.in_value(value, scope)
        if made is not None:  # says more than an annotation, such as the platform
            found.held[target] = made
        elif _is_none(value) and target not in found.held:
            found.nothing.add(target)
    return found


def _note_returned(found: ProviderBindings, function: cst.FunctionDef) -> None:
    found.maker_names.add(function.name.value)
    decorators = [own_name(dotted_name(one.decorator)) for one in function.decorators]
    if not decorators and function.asynchronous is None:
        found.makers.add(function)
    elif decorators and set(decorators) <= _PROPERTIES:
        found.held[function.name] = HeldProvider()


def _assigned(source: Source) -> Iterator[tuple[cst.CSTNode, cst.BaseExpression]]:
    """Yield what is assigned, with what it is assigned to."""
    for assigned in source.nodes(cst.Assign):
        yield from ((target.target, assigned.value) for target in assigned.targets)
    for annotated in source.nodes(cst.AnnAssign):
        if annotated.value is not None:
            yield annotated.target, annotated.value
    yield from ((walrus.target, walrus.value) for walrus in source.nodes(cst.NamedExpr))


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
        is_union = own_name(dotted_name(part.value)) in ("Optional", "Union")
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
