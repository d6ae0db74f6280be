"""Decides for every place of a module that uses V2 what becomes of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import Scope

from glacier.migrate.advice import advice
from glacier.migrate.annotations import QuotedName, quoted_names, renamed_text, renamed_types
from glacier.migrate.changes import Change, Edit, Finding, UndecidedError
from glacier.migrate.contexts import Context, context_of, is_dispatched, is_metadata
from glacier.migrate.names import Names, Text, Use, is_bound_elsewhere, qualified, statements_of
from glacier.migrate.provider_calls import from_env_call, provider_call
from glacier.migrate.provider_members import ProviderMembers
from glacier.migrate.receivers import Receivers
from glacier.migrate.resource_calls import (
    bucket_class_call,
    direct_call,
    factory_call,
)
from glacier.migrate.source import Source, Statement
from glacier.migrate.v2 import PROVIDER, OldName, old_name, own_name


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """What one place asks of the import of a name.

    Attributes:
        scope: The scope that the place is in.
        binding: The name that it uses, as the import binds it.
        needs: What it uses in its place; None where it goes on to use it.
        is_old: Whether what it goes on to use is of V2.
    """

    scope: Scope
    binding: str
    needs: tuple[str, ...] | None
    is_old: bool = False


@dataclass(slots=True)
class Decisions:
    """What becomes of a module's places.

    Attributes:
        edits: The changes in its text, imports left out.
        findings: What only a person can decide.
        demands: What the places ask of the imports.
    """

    edits: list[Edit] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    demands: list[Demand] = field(default_factory=list)


def decide(source: Source, names: Names) -> Decisions:
    """Return what becomes of every place of a module that uses V2."""
    kept: set[Statement] = set()
    while True:
        made = _Decider(source, names, kept).decide()
        # V2 has a `Provider` too. Where a place keeps it, V3's can't be imported beside it.
        found = {
            statement
            for one in made.demands
            if one.is_old and one.binding == own_name(PROVIDER)
            for statement in statements_of(one.scope, one.binding)
        }
        if found <= kept:
            return made
        kept |= found


class _Decider:
    def __init__(self, source: Source, names: Names, kept: set[Statement]) -> None:
        self._kept = kept
        self._source = source
        self._names = names
        self._receivers = Receivers(source)
        self._types: dict[cst.CSTNode, str] = {}
        self._made = Decisions()

    def decide(self) -> Decisions:
        made = self._made
        for use in self._names.uses:
            self._decide_use(use)
        made.edits += renamed_types(self._source, self._types)
        for text, scope in self._names.texts:
            if not is_metadata(self._source, text):
                self._decide_text(text, scope)
        made.demands += [Demand(scope, name, None) for scope, name in self._names.others]
        self._decide_members(ProviderMembers(self._source, self._receivers))
        return made

    def _decide_use(self, use: Use) -> None:
        def demand(needs: tuple[str, ...] | None, *, is_old: bool = False) -> None:
            self._made.demands.append(Demand(use.scope, use.binding, needs, is_old))

        try:
            change = self._change(use)
            if change is not None:
                self._check_imported(use.scope, use.binding)
                self._check_free(use.scope, change.needs)
        except UndecidedError as error:
            self._report(use.node, error)
            demand(None, is_old=True)
            return
        if change is None:
            demand(None)
            return
        if context_of(self._source, use) in (Context.TYPE, Context.CLASS_TYPE):
            self._types[use.node] = own_name(change.needs[0])
        self._made.edits += change.edits
        demand(change.needs)

    def _change(self, use: Use) -> Change | None:
        """Return how a place becomes V3; None where it is V3 already.

        Raises:
            UndecidedError: Only a person can decide.
        """
        old = use.old
        if old is None:
            raise UndecidedError(
                "It may be V2's or something else, as the imports and assignments stand. Decide "
                "for one of them"
            )
        context = context_of(self._source, use)
        if context is Context.CALL:
            call = self._source.parent(use.node)
            assert isinstance(call, cst.Call)
            return self._called(use, old, call)
        if old.role == "resource":
            return None
        if old.role == "provider" and context is Context.FROM_ENV and old.platform is not None:
            call = self._source.parent(self._source.parent(use.node))
            assert isinstance(call, cst.Call)
            return from_env_call(self._source, use, call, old.platform)
        if context is Context.TYPE or (old.role == "base" and context in _FINE_FOR_BASE):
            if old.role == "factory":
                raise UndecidedError(advice(old, context))
            is_type = context in (Context.TYPE, Context.CLASS_TYPE)
            name = own_name(old.successor)
            edits = () if is_type else (Edit(*self._source.span(use.node), name),)
            return Change(edits, (old.successor,))
        raise UndecidedError(advice(old, context))

    def _called(self, use: Use, old: OldName, call: cst.Call) -> Change | None:
        if old.role == "provider" and old.platform is not None:
            return provider_call(self._source, use, call, old.platform)
        if old.role == "bucket":
            return bucket_class_call(self._source, self._receivers, use, call)
        if old.role == "factory":
            return factory_call(self._source, self._receivers, use, call)
        if old.role == "resource":
            return direct_call(self._source, self._receivers, use, call, old.name)
        raise UndecidedError(advice(old, Context.CALL))

    def _decide_text(self, text: Text, scope: Scope) -> None:
        names = quoted_names(text, scope)
        others = {one.binding for one in names if not one.is_old}
        self._made.demands += [Demand(scope, name, None) for name in others if name in scope]
        uses = [one for one in names if one.is_old]
        if not uses:
            return
        needs: dict[str, tuple[str, ...] | None]
        try:
            needs, renamed = self._renamed_text(text, scope, uses)
        except UndecidedError as error:
            self._report(text, error)
            needs = {one.binding: None for one in uses}
        else:
            self._made.edits.append(Edit(*self._source.span(text), renamed))
        for name, each in needs.items():
            self._made.demands.append(Demand(scope, name, each, is_old=each is None))

    def _renamed_text(
        self, text: Text, scope: Scope, uses: Sequence[QuotedName]
    ) -> tuple[dict[str, tuple[str, ...] | None], str]:
        """Return what a quoted annotation needs, by first parts of names, and its V3 text.

        Raises:
            UndecidedError: Only a person can decide.
        """
        needs: dict[str, tuple[str, ...] | None] = {}
        for one in uses:
            if one.old is None:
                raise UndecidedError("A name in it may be V2's or something else. Decide for one")
            if is_dispatched(self._source, text):
                raise UndecidedError(advice(one.old, Context.INSTANCE_CHECK))
            self._check_imported(scope, one.binding)
            self._check_free(scope, [one.old.successor])
            needs[one.binding] = (*(needs.get(one.binding) or ()), one.old.successor)
        return needs, renamed_text(text, scope)

    def _check_imported(self, scope: Scope, binding: str) -> None:
        """Refuse a name that an import binds elsewhere than where it stands.

        Raises:
            UndecidedError: It is declared to be `global` or `nonlocal` there.
        """
        if is_bound_elsewhere(self._source, scope, binding):
            raise UndecidedError(
                "Its import is under `global` or `nonlocal`, which V3's names would need too. "
                "Import it at the top of the module, and migrate again"
            )

    def _check_free(self, scope: Scope, needs: Iterable[str]) -> None:
        """Refuse names that mean something else where V3's are needed.

        Raises:
            UndecidedError: One does.
        """
        for dotted in needs:
            name = own_name(dotted)
            if self._names.is_used_unbound(name):
                raise UndecidedError(
                    f"V3's {name} would take the place of the {name} that is used here and comes "
                    "from a star import, or from nowhere. Import that one by its name"
                )
            for taken in qualified(scope, name) - {dotted}:
                old = old_name(taken)
                if old is None or old.role not in ("base", "resource"):
                    raise UndecidedError(
                        f"V3's {name} would take the place of another {name} here. Rename that one"
                    )
                if self._kept & set(statements_of(scope, name)):
                    raise UndecidedError(
                        f"V3's {name} would take the place of V2's, which is used elsewhere in a "
                        "way that is left to you. Change that first, and migrate again"
                    )

    def _decide_members(self, found: ProviderMembers) -> None:
        for attribute in found.places():
            try:
                change = found.change(attribute)
            except UndecidedError as error:
                self._report(attribute.attr, error)
            else:
                self._made.edits += change.edits

    def _report(self, node: cst.CSTNode, error: UndecidedError) -> None:
        what = self._source.text_of(node)
        line, column = self._source.place(node)
        self._made.findings.append(Finding(line, column, f"{what} is left as it is. {error}."))


_FINE_FOR_BASE = (Context.TYPE, Context.CLASS_TYPE, Context.INSTANCE_CHECK, Context.VALUE)
