"""What becomes of a place of a module: edits of its text, or a finding that says why none."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """A place that is left as it is, since only a person can decide it.

    Attributes:
        line: The line, from 1.
        column: The column, from 1.
        message: What it is, why it is left, and what to do.
    """

    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """A piece of text that another takes the place of.

    Attributes:
        start: The offset of its first character.
        end: The offset after its last character; that of the first where text is put in.
        text: What stands there then.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """How one place becomes V3.

    Attributes:
        edits: What changes in the text.
        needs: The dotted names that the place uses then, such as `glacier.Provider`.
    """

    edits: tuple[Edit, ...]
    needs: tuple[str, ...] = ()


class UndecidedError(Exception):
    """A place that only a person can decide; the message says why, and what to do."""


class OverlapError(Exception):
    """Two edits change the same characters, of which `offset` is the first."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def edited(text: str, edits: Iterable[Edit]) -> str:
    """Return a text with all edits carried out, which must not overlap.

    Args:
        text: The text.
        edits: In any order; of those that put text in at one place, the first comes first.

    Raises:
        OverlapError: Two edits change the same characters.
    """
    pieces, position = [], 0
    for edit in sorted(edits, key=lambda one: (one.start, one.end)):
        if edit.start < position:
            raise OverlapError(edit.start)
        pieces += [text[position : edit.start], edit.text]
        position = edit.end
    return "".join([*pieces, text[position:]])
