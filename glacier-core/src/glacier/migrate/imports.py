"""The imports of a module, once its places use V3.

New names are imported where the old ones were, in the same block: what is imported in a function,
under `if TYPE_CHECKING` or in a `try` is needed just there.
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import libcst as cst
from libcst.metadata import ClassScope

from glacier.migrate.advice import is_module, unknown_import
from glacier.migrate.changes import Edit, Finding
from glacier.migrate.decisions import Demand
from glacier.migrate.names import Names, statements_of
from glacier.migrate.source import Source
from glacier.migrate.statements import (
    Line,
    beside,
    bound_name,
    comments_in,
    removed,
    replaced_by,
    with_names,
    without_aliases,
)
from glacier.migrate.v2 import PROVIDER, old_name


@dataclass(slots=True)
class _Plan:
    """What becomes of one import statement."""

    line: Line
    gone: list[cst.ImportAlias] = field(default_factory=list)
    shortened: list[cst.ImportAlias] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    lines: dict[str, list[str]] = field(default_factory=dict)

    @property
    def statements(self) -> list[str]:
        """The new statements, in order."""
        return [
            f"from {module} import {', '.join(sorted(names))}"
            for module, names in sorted(self.lines.items())
        ]

    @property
    def kept(self) -> list[cst.ImportAlias]:
        return [alias for alias in self.line.aliases if alias not in self.gone]


class Imports:
    """Works out what becomes of a module's imports.

    Args:
        source: The module.
        names: Its names, imports among them.
        demands: What its places ask of the imports.

    Attributes:
        edits: The changes in the text.
        findings: Imports that only a person can decide.
    """

    def __init__(self, source: Source, names: Names, demands: Sequence[Demand]) -> None:
        self._source = source
        self._exported = names.exported
        self._demands: dict[tuple[cst.CSTNode, str], list[Demand]] = defaultdict(list)
        for demand in demands:
            for statement in statements_of(demand.scope, demand.binding):
                self._demands[statement, demand.binding].append(demand)
        self.edits: list[Edit] = []
        self.findings: list[Finding] = []
        self._plans = [self._planned(line) for line in names.lines]
        for plan in self._plans:
            self._drop_doubles(plan)
        for plan in self._plans:
            self._place(plan)
        for plan in self._plans:
            self._write(plan)

    def _planned(self, line: Line) -> _Plan:
        plan = _Plan(line)
        for alias in line.aliases:
            self._plan_alias(plan, alias)
        if line.is_star:
            self._find(line.statement, unknown_import(line.module, "*"))
        return plan

    def _plan_alias(self, plan: _Plan, alias: cst.ImportAlias) -> None:
        is_from = isinstance(plan.line.statement, cst.ImportFrom)
        name = bound_name(alias, is_from=is_from)
        demands = self._demands[plan.line.statement, name]
        needs = [need for one in demands for need in one.needs or ()]
        goes_on = [one for one in demands if one.needs is None]
        plan.needs += [need for need in dict.fromkeys(needs) if need not in plan.needs]
        was_migrated = any(one.needs is not None for one in demands)
        if was_migrated and not goes_on and not self._is_handed_on(plan, alias, name):
            plan.gone.append(alias)
            return
        if any(one.is_old for one in goes_on):
            return  # its places are reported themselves
        if is_from and name == "Provider" and _is_base(plan.line.module, alias):
            plan.gone.append(alias)  # V3 has it by the same name, so that whoever takes it can
            plan.needs += [] if PROVIDER in plan.needs else [PROVIDER]
            return
        is_dotted = not is_from and alias.asname is None and "." in alias.evaluated_name
        if was_migrated and is_dotted and not is_module(alias.evaluated_name):
            plan.shortened.append(alias)
            return
        module = plan.line.module if is_from else alias.evaluated_name
        self._find(alias, unknown_import(module, alias.evaluated_name if is_from else None))

    def _is_handed_on(self, plan: _Plan, alias: cst.ImportAlias, name: str) -> bool:
        """Tell whether others may take a name from here, though nothing here needs it any more."""
        statement, text = plan.line.statement, self._source.text
        if name in self._exported or alias.evaluated_alias == alias.evaluated_name:
            return True
        is_attribute = isinstance(self._source.scope(statement), ClassScope)
        return is_attribute and re.search(rf"\.\s*{name}\b", text) is not None

    def _drop_doubles(self, plan: _Plan) -> None:
        """Let what would be shortened to a second `import glacier` go instead."""
        for alias in plan.shortened.copy():
            name = alias.evaluated_name.partition(".")[0]
            if any(self._imports(other, name, plan) for other in self._plans):
                plan.shortened.remove(alias)
                plan.gone.append(alias)

    def _imports(self, other: _Plan, name: str, plan: _Plan) -> bool:
        if not isinstance(other.line.statement, cst.Import):
            return False
        is_whole = any(
            alias.evaluated_name == name and alias.asname is None for alias in other.kept
        )
        is_shortened = any(one.evaluated_name.startswith(f"{name}.") for one in other.shortened)
        is_other = other is not plan
        return (is_whole or (is_shortened and is_other)) and self._is_by(other, plan)

    def _find(self, node: cst.CSTNode, message: str | None) -> None:
        if message is not None:
            self.findings.append(Finding(*self._source.place(node), message))

    def _place(self, plan: _Plan) -> None:
        """Note which statement imports what a plan needs."""
        for need in plan.needs:
            module, _, name = need.rpartition(".")
            if any(self._has(other, module, name, plan) for other in self._plans):
                continue
            target = self._taking(plan, module)
            if target is not None:
                target.added.append(name)
                continue
            first = next(
                (o for o in self._plans if module in o.lines and self._is_by(o, plan)), plan
            )
            first.lines.setdefault(module, []).append(name)

    def _has(self, other: _Plan, module: str, name: str, plan: _Plan) -> bool:
        """Tell whether an import brings a name in time for another."""
        is_there = name in other.lines.get(module, ())
        if other.line.module == module:
            is_there = is_there or name in other.added or other.line.binds(name)
        return is_there and self._comes_first(other.line, plan.line)

    def _is_by(self, other: _Plan, plan: _Plan) -> bool:
        is_near = other.line.block is plan.line.block
        return is_near and self._comes_first(other.line, plan.line)

    def _taking(self, plan: _Plan, module: str) -> _Plan | None:
        """Return the import of a module that can take in what a plan needs of it."""
        for other in self._plans:
            if (
                other.line.module == module
                and other.kept
                and not comments_in(self._source.text_of(other.line.statement))
                and self._is_by(other, plan)
            ):
                return other
        return None

    def _comes_first(self, line: Line, other: Line) -> bool:
        """Tell whether what one import binds is there by the time another is done."""
        if line.block is other.block:
            body = getattr(line.block, "body", ())
            between = body[other.index + 1 : line.index]
            return line.index <= other.index or all(_is_import(one) for one in between)
        if line.block is not self._source.module:
            return False
        top, is_in_function = self._top(other)
        return is_in_function or line.index < top

    def _top(self, line: Line) -> tuple[int, bool]:
        """Return which statement of the module an import is in, and whether in a function."""
        node, is_in_function = line.block, False
        while self._source.parent(node) is not self._source.module:
            is_in_function = is_in_function or isinstance(node, cst.FunctionDef)
            node = self._source.parent(node)
        is_in_function = is_in_function or isinstance(node, cst.FunctionDef)
        return list(self._source.module.body).index(node), is_in_function  # type: ignore[arg-type]

    def _write(self, plan: _Plan) -> None:
        source, line, statements = self._source, plan.line, plan.statements
        for alias in plan.shortened:
            self.edits.append(Edit(*source.span(alias), alias.evaluated_name.partition(".")[0]))
        if plan.added:
            self.edits += with_names(source, plan.kept, plan.added)
        if plan.gone and not plan.kept:
            comments = comments_in(source.text_of(line.statement))
            if statements:
                self.edits.append(replaced_by(source, line, statements, comments))
            else:
                is_last = self._is_last(plan)
                self.edits.append(removed(source, line, comments, is_last=is_last))
            return
        comments = []
        if plan.gone:
            edits, comments = without_aliases(source, line, plan.gone)
            self.edits += edits
        if statements or comments:
            self.edits += beside(source, line, statements, comments)

    def _is_last(self, plan: _Plan) -> bool:
        """Tell whether a block would be empty without an import, and those that go like it."""
        block = plan.line.block
        if block is self._source.module:
            return False
        going = sum(
            1
            for one in self._plans
            if one.line.block is block and one.gone and not one.kept and one.line.is_alone
        )
        return going >= len(getattr(block, "body", ()))


def _is_import(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(one, cst.Import | cst.ImportFrom) for one in statement.body
    )


def _is_base(module: str, alias: cst.ImportAlias) -> bool:
    old = old_name(f"{module}.{alias.evaluated_name}")
    return old is not None and old.role == "base"
