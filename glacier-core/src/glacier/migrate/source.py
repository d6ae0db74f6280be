"""The text of a module beside its tree, so that what is not edited stays as it is."""

import re
import sys
import warnings
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT  # as notebooks have it
from bisect import bisect_right
from collections.abc import Collection, Iterator
from typing import TypeVar

import libcst as cst
from libcst.metadata import (
    CodeRange,
    ExpressionContext,
    ExpressionContextProvider,
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    Scope,
    ScopeProvider,
)

NodeT = TypeVar("NodeT", bound=cst.CSTNode)
Statement = cst.Import | cst.ImportFrom

_NEWLINE = re.compile(r"\r\n?|\n")

# The one that runs: what is newer is no module for it.
_PYTHON = f"Python {sys.version_info.major}.{sys.version_info.minor}"

# The parser drops a form feed that stands before a statement, and a carriage return at the end.
_DROPPED = "\f\r"


class UnreadableError(Exception):
    """A module that can't be read, so that it is left alone."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


class Source:
    """A module: its text, its tree, and where in the text the tree's nodes are.

    Args:
        data: The module's bytes.

    Attributes:
        text: The decoded text, with its own line ends.
        module: The tree.
        stores: The names, attributes and subscripts that are assigned to or deleted.

    Raises:
        UnreadableError: The bytes are no Python module.
    """

    def __init__(self, data: bytes) -> None:
        _check_syntax(data)
        wrapper = MetadataWrapper(_parsed(data), unsafe_skip_copy=True)
        self.module = wrapper.module
        self.encoding = self.module.encoding
        self.text = data.decode(self.encoding)
        self._offsets = _offsets(self.module.code, self.text)
        self._lines = [0, *(found.end() for found in _NEWLINE.finditer(self.module.code))]
        self._positions = wrapper.resolve(PositionProvider)
        self.parents = wrapper.resolve(ParentNodeProvider)
        self._scopes = wrapper.resolve(ScopeProvider)
        contexts = wrapper.resolve(ExpressionContextProvider)
        self.stores = {one for one, what in contexts.items() if what is not ExpressionContext.LOAD}
        self._bind_captures()

    @property
    def newline(self) -> str:
        """The line end that the module uses."""
        return self.module.default_newline

    def nodes(self, kind: type[NodeT]) -> list[NodeT]:
        """Return the nodes of a kind, in the order of the text."""
        return sorted((one for one in self.parents if isinstance(one, kind)), key=self.span)

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        """Return what a node is a part of; of the module itself the module."""
        return self.parents.get(node, self.module)

    def within(self, blocks: Collection[cst.CSTNode], node: cst.CSTNode) -> cst.CSTNode:
        """Return what is a statement of one of some blocks, and holds a node or is it."""
        while self.parent(node) not in blocks:
            node = self.parent(node)
        return node

    def around(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield what a node is a part of, from its parent to the module."""
        while node is not self.module:
            node = self.parent(node)
            yield node

    def blocks(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """Yield the blocks that a node is in, from the innermost to the module."""
        return (one for one in self.around(node) if isinstance(one, cst.BaseSuite | cst.Module))

    def scope(self, node: cst.CSTNode) -> Scope | None:
        """Return the scope that a node is in; None for one that names nothing."""
        return self._scopes.get(node)

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return the offsets of a node's first character and of that after its last.

        Parentheses around an expression do not belong to it.
        """
        found = self._positions[node]
        assert isinstance(found, CodeRange)
        return (
            self._offset(found.start.line, found.start.column),
            self._offset(found.end.line, found.end.column),
        )

    def text_of(self, node: cst.CSTNode) -> str:
        """Return the text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def place(self, node: cst.CSTNode) -> tuple[int, int]:
        """Return the line and the column of a node, from 1."""
        found = self._positions[node]
        assert isinstance(found, CodeRange)
        return found.start.line, found.start.column + 1

    def place_at(self, offset: int) -> tuple[int, int]:
        """Return the line and the column of an offset, from 1."""
        starts = [0, *(found.end() for found in _NEWLINE.finditer(self.text))]
        line = bisect_right(starts, offset)
        return line, offset - starts[line - 1] + 1

    def _bind_captures(self) -> None:
        """Record what `match` binds, which the scopes of libcst leave out."""
        names = [one.name for one in self.nodes(cst.MatchAs)]
        names += [one.name for one in self.nodes(cst.MatchStar)]
        names += [one.rest for one in self.nodes(cst.MatchMapping)]
        for name in names:
            scope = None if name is None else self.scope(name)
            if name is not None and scope is not None:
                scope.record_assignment(name.value, name)

    def _offset(self, line: int, column: int) -> int:
        return self._offsets[self._lines[line - 1] + column]


def check_readable(data: bytes) -> None:
    """Refuse what can't be a `Source`.

    Raises:
        UnreadableError: It is no Python; with the place.
    """
    _check_syntax(data)
    _parsed(data)


def _check_syntax(data: bytes) -> None:
    """Refuse what is no Python.

    Raises:
        UnreadableError: It is none; with the place.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes and comparisons in the user's code
            compile(data, "<module>", "exec", PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except SyntaxError as error:
        raise UnreadableError(
            f"This is no {_PYTHON} that can be read: {error.msg}.",
            error.lineno or 1,
            error.offset or 1,
        ) from error
    except ValueError as error:
        raise UnreadableError(f"This is no {_PYTHON} that can be read: {error}.") from error
    except (RecursionError, MemoryError) as error:
        raise UnreadableError("This is nested too deeply to be read.") from error


def _parsed(data: bytes) -> cst.Module:
    try:
        return cst.parse_module(data)
    except cst.ParserSyntaxError as error:
        raise UnreadableError(
            f"This is no Python that libcst can read: {error.message}.",
            error.editor_line,
            error.editor_column,
        ) from error
    except (UnicodeDecodeError, LookupError, SyntaxError) as error:  # the last of its first lines
        raise UnreadableError(
            f"This can't be decoded: {error}. Save it as UTF-8, or declare its encoding in its "
            "first line: # coding: latin-1."
        ) from error


def _offsets(code: str, text: str) -> list[int]:
    """Return where in a text each character of the tree's code is, and where it ends."""
    if code == text:
        return list(range(len(text) + 1))
    offsets, position = [], 0
    for character in code:
        while text[position : position + 1] != character:
            if text[position : position + 1] not in tuple(_DROPPED):
                raise UnreadableError("This is no Python that libcst can read as it stands.")
            position += 1
        offsets.append(position)
        position += 1
    if text[position:].strip(_DROPPED):
        raise UnreadableError("This is no Python that libcst can read as it stands.")
    return [*offsets, position]
