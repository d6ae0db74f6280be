"""Import statements: where they stand, what they bind, and how their text changes."""

import re
from bisect import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import libcst as cst
from libcst.helpers import get_full_name_for_node

from glacier.migrate.changes import Edit
from glacier.migrate.source import Source, Statement

_REST_OF_LINE = re.compile(r"[^\r\n]*")
_END_OF_LINE = re.compile(r"[ \t\f]*;?[ \t\f]*(\r\n?|\n|\Z)?")
_UP_TO_COMMENT = re.compile(r"[ \t\f]*;?[ \t\f]*(?=#)")
_SEMICOLON = re.compile(r"(?:[ \t\f]*;)?")
_WITH_BLANK_LINES = re.compile(_END_OF_LINE.pattern + r"(?:[ \t]*(?:\r\n?|\n))*")
_COMMENT = re.compile(r"#[^\r\n]*")


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """An import statement in its place.

    Attributes:
        statement: The statement.
        block: What it stands in: the module, or what is indented below an `if` or a `def`.
        index: Which statement of the block it is, or a part of.
        is_alone: Whether nothing else stands on its line.
    """

    statement: Statement
    block: cst.CSTNode
    index: int
    is_alone: bool

    @property
    def module(self) -> str:
        """The module that names are imported from; with its dots where it is a relative one."""
        if isinstance(self.statement, cst.Import):
            return ""
        name = get_full_name_for_node(self.statement.module) if self.statement.module else ""
        return "." * len(self.statement.relative) + (name or "")

    @property
    def aliases(self) -> Sequence[cst.ImportAlias]:
        """What is imported; nothing of a star import."""
        names = self.statement.names
        return () if isinstance(names, cst.ImportStar) else names

    @property
    def is_star(self) -> bool:
        """Whether it imports everything."""
        return isinstance(self.statement.names, cst.ImportStar)

    def binds(self, name: str) -> bool:
        """Tell whether a name is imported from the module as it is called there."""
        return any(one.evaluated_name == name and one.asname is None for one in self.aliases)


def import_lines(source: Source) -> list[Line]:
    """Return the import statements of a module, in order."""
    statements: list[Statement] = [*source.nodes(cst.Import), *source.nodes(cst.ImportFrom)]
    return [_placed(source, statement) for statement in sorted(statements, key=source.span)]


def _placed(source: Source, statement: Statement) -> Line:
    line = source.parent(statement)
    block = source.parent(line)
    is_simple = isinstance(line, cst.SimpleStatementLine)
    body = getattr(block, "body", ())
    index = list(body).index(line) if is_simple and line in body else 0
    return Line(statement, block, index, is_simple and len(getattr(line, "body", ())) == 1)


def bound_name(alias: cst.ImportAlias, *, is_from: bool) -> str:
    """Return the name that an import binds."""
    if alias.asname is not None:
        return alias.evaluated_alias or ""
    return alias.evaluated_name if is_from else alias.evaluated_name.partition(".")[0]


def without_aliases(
    source: Source, line: Line, gone: Iterable[cst.ImportAlias]
) -> tuple[list[Edit], list[str]]:
    """Return the edits that take some names out of a statement, and the comments lost thereby.

    Where other statements share the line, which no comment may cut short, comments stay inside.
    """
    taken = list(gone)
    kept = [index for index, one in enumerate(line.aliases) if one not in taken]
    spans = [source.span(alias) for alias in line.aliases]
    last = kept[-1]
    edits = [
        Edit(spans[i][0], spans[i + 1][0], "") for i in range(last) if line.aliases[i] in taken
    ]
    if last + 1 < len(spans):
        edits.append(Edit(spans[last][1], spans[-1][1], ""))
    taken_out = [(edit, comments_in(source.text[edit.start : edit.end])) for edit in edits]
    if line.is_alone:
        return edits, [comment for _, comments in taken_out for comment in comments]
    kept_inside = [
        Edit(edit.start, edit.end, "".join(f"  {one}{source.newline}" for one in comments))
        for edit, comments in taken_out
    ]
    return kept_inside, []


def comments_in(text: str) -> list[str]:
    """Return the comments in the text of an import, which has no other place for a `#`."""
    return [found.rstrip() for found in _COMMENT.findall(text)]


def with_names(source: Source, kept: Sequence[cst.ImportAlias], names: Iterable[str]) -> list[Edit]:
    """Return the edits that add names to a `from` import, in order where there is one.

    Args:
        source: The module.
        kept: Those of the statement's names that stay.
        names: What to add.
    """
    there = [_order(one.evaluated_name) for one in kept]
    is_sorted = there == sorted(there)
    edits = []
    for name in sorted(names, key=_order):
        index = bisect(there, _order(name)) if is_sorted else len(kept)
        alias = kept[min(index, len(kept) - 1)]
        start, end = source.span(alias)
        gap = _gap(source, start)
        edits.append(
            Edit(start, start, f"{name},{gap}")
            if index < len(kept)
            else Edit(end, end, f",{gap}{name}")
        )
    return edits


def _gap(source: Source, start: int) -> str:
    """Return what to put between two names: a space, or a new line where each has its own."""
    before = source.text[:start]
    indent = before[len(before.rstrip(" \t")) :]
    is_first = before.rstrip(" \t").endswith(("\n", "\r"))
    return f"{source.newline}{indent}" if is_first else " "


def _order(name: str) -> tuple[int, str]:
    """Return the key by which linters sort imported names: constants, classes, the rest."""
    rank = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return rank, name.lower()


def replaced_by(
    source: Source, line: Line, statements: Sequence[str], comments: Sequence[str]
) -> Edit:
    """Return the edit that puts statements in the place of an import.

    Args:
        source: The module.
        line: The import.
        statements: What to put there.
        comments: Comments in it, which go above.
    """
    start, end = source.span(line.statement)
    if not line.is_alone:
        return Edit(start, end, "; ".join(_carrying(statements, comments, source.newline)))
    return Edit(start, end, _below(source, start).join([*comments, *statements]))


def beside(
    source: Source, line: Line, statements: Sequence[str], comments: Sequence[str]
) -> list[Edit]:
    """Return the edits that put statements before or after an import, as modules are sorted.

    Args:
        source: The module.
        line: The import.
        statements: What to put there.
        comments: Comments to keep, which go above.
    """
    start, end = source.span(line.statement)
    is_after = line.module <= "glacier.config"
    if not line.is_alone:
        text = "; ".join(_carrying(statements, comments, source.newline))
        if not text:
            return []
        return [Edit(end, end, f"; {text}") if is_after else Edit(start, start, f"{text}; ")]
    below = _below(source, start)
    above = [*comments, *([] if is_after else statements)]
    edits = [Edit(start, start, f"{one}{below}") for one in above]
    if is_after and statements:
        rest = _REST_OF_LINE.match(source.text, end)
        assert rest is not None
        edits.append(Edit(rest.end(), rest.end(), "".join(f"{below}{one}" for one in statements)))
    return edits


def _below(source: Source, start: int) -> str:
    """Return what begins a new line that is as far in as the one at an offset."""
    before = source.text[:start]
    return source.newline + before[len(before.rstrip(" \t")) :]


def _carrying(statements: Sequence[str], comments: Sequence[str], newline: str) -> list[str]:
    """Return statements of which the first holds comments in parentheses."""
    if not comments:
        return list(statements)
    head, _, names = statements[0].rpartition(" import ")
    held = "".join(f"{comment}{newline}" for comment in comments)
    return [f"{head} import (  {held}{names})", *statements[1:]]


def removed(source: Source, line: Line, comments: Sequence[str], *, is_last: bool) -> Edit:
    """Return the edit that takes an import out, with its line where nothing else is there.

    Args:
        source: The module.
        line: The import.
        comments: Comments in it, which stay.
        is_last: Whether its block holds nothing else.
    """
    start, end = source.span(line.statement)
    if is_last or not line.is_alone:
        statements = ["pass"] if not comments or line.is_alone else ["from glacier import Provider"]
        return replaced_by(source, line, statements, comments)
    if comments:
        rest = _UP_TO_COMMENT.match(source.text, end) or _SEMICOLON.match(source.text, end)
        assert rest is not None
        lines = [*comments, *([""] if rest.re is _UP_TO_COMMENT else [])]
        return Edit(start, rest.end(), _below(source, start).join(lines))
    is_first = line.index == 0 and line.block is not source.module
    rest = (_WITH_BLANK_LINES if is_first else _END_OF_LINE).match(source.text, end)
    assert rest is not None
    before = source.text[:start]
    if rest[1] is None:  # a comment follows, and takes the place of the statement
        return Edit(start, rest.end(), "")
    return Edit(len(before.rstrip(" \t")), rest.end(), "")
