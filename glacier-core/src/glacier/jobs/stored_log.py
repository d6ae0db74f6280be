"""The log of a job that lies in a store, which grows as long as the job goes on."""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass

from glacier.adapters import LogChunk, unknown_cursor

LONGEST_BYTES = 16 * 1024 * 1024
"""How much of a log is returned at most; of a longer one, its end."""

_PIECE_BYTES = 1024 * 1024
_CURSOR = re.compile(r"(\d+)(\+closed)?")


@dataclass(frozen=True, slots=True)
class StoredLog(ABC):
    """The log of one job; a cursor of it is how many bytes were read.

    Attributes:
        closing: What the platform itself says of the job's end; empty as long as it goes on.
        is_ended: Whether the job has ended.
    """

    closing: str
    is_ended: bool

    @abstractmethod
    def size(self) -> int:
        """Return how many bytes are there."""

    @abstractmethod
    def read(self, begin: int, end: int) -> bytes:
        """Return the bytes from `begin` to before `end`, at least one."""

    def preface(self) -> str:
        """Return what is told of a job that has printed nothing; to be replaced."""
        return ""

    def read_all(self) -> str:
        """Return what was printed so far, without the beginning where that is too much."""
        size = self.size()
        begin = max(0, size - LONGEST_BYTES)
        text = self._between(begin, size).decode(errors="replace")
        cut = "[... the beginning is left out ...]\n" if begin else ""
        return f"{cut}{text}{self._end(size)}"

    def read_piece(self, cursor: str) -> LogChunk:
        """Return what was printed since a cursor, 1 MiB at most.

        Raises:
            JobError: The cursor is none.
        """
        found = _CURSOR.fullmatch(cursor or "0")
        if found is None:
            raise unknown_cursor(cursor)
        begin, size = int(found[1]), self.size()
        content = self._between(begin, min(size, begin + _PIECE_BYTES))
        if not self.is_ended or begin + len(content) < size:
            content = whole_characters(content)
        end = begin + len(content)
        if content or not self.is_ended or found[2]:
            return LogChunk(content.decode(errors="replace"), f"{end}{found[2] or ''}")
        return LogChunk(self._end(size), f"{end}+closed")

    def _end(self, size: int) -> str:
        return f"{'' if size else self.preface()}{self.closing}"

    def _between(self, begin: int, end: int) -> bytes:
        return self.read(begin, end) if end > begin else b""


def whole_characters(content: bytes) -> bytes:
    """Return bytes without a character at their end that is not there as a whole yet."""
    for length in range(min(3, len(content)), 0, -1):
        last = content[-length]
        if last >= 0b1100_0000:  # where a character of several bytes begins
            needed = 2 + (last >= 0b1110_0000) + (last >= 0b1111_0000)
            return content if needed <= length else content[:-length]
    return content
