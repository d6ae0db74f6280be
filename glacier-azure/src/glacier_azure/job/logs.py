"""What batches print.

The API tells of Livy's log alone: how a batch was started, and not what it prints. That is in a
blob of staging, which the launcher appends to; where it never got so far, Livy's log is all there
is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glacier.adapters import LogChunk
from glacier.errors import JobError

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

LONGEST_BYTES = 16 * 1024 * 1024
"""How much of a log is returned at most; of a longer one, its end."""

_PIECE_BYTES = 1024 * 1024
_CURSOR = re.compile(r"(\d+)(\+closed)?")


@dataclass(frozen=True, slots=True)
class BatchLog:
    """The log of one batch.

    Attributes:
        blob: What the launcher appends to.
        livy: The lines of Livy's log, of a batch that has failed.
        closing: What Synapse itself says of the batch's end; empty as long as it goes on.
        is_ended: Whether the batch has ended.
    """

    blob: "BlobClient"
    livy: Sequence[str]
    closing: str
    is_ended: bool

    def read_all(self) -> str:
        """Return what was printed so far, without the beginning where that is too much."""
        size = self._size()
        begin = max(0, size - LONGEST_BYTES)
        text = self._read(begin, size).decode(errors="replace")
        cut = "[... the beginning is left out ...]\n" if begin else ""
        return f"{cut}{text}{self._end(size)}"

    def read_piece(self, cursor: str) -> LogChunk:
        """Return what was printed since a cursor, 1 MiB at most.

        Raises:
            JobError: The cursor is none.
        """
        found = _CURSOR.fullmatch(cursor or "0")
        if found is None:
            raise JobError(
                f"{cursor!r} is no cursor of this log; expected that of a piece read before, or ''."
            )
        begin, size = int(found[1]), self._size()
        content = self._read(begin, min(size, begin + _PIECE_BYTES))
        if not self.is_ended or begin + len(content) < size:
            content = _whole_characters(content)
        end = begin + len(content)
        if content or not self.is_ended or found[2]:
            return LogChunk(content.decode(errors="replace"), f"{end}{found[2] or ''}")
        return LogChunk(self._end(size), f"{end}+closed")

    def _end(self, size: int) -> str:
        livy = "".join(f"{line.rstrip()}\n" for line in self.livy)
        return f"{'' if size else livy}{self.closing}"

    def _size(self) -> int:
        return int(self.blob.get_blob_properties().size) if self.blob.exists() else 0

    def _read(self, begin: int, end: int) -> bytes:
        if end <= begin:
            return b""
        return bytes(self.blob.download_blob(begin, end - begin).readall())


def _whole_characters(content: bytes) -> bytes:
    """Return bytes without a character at their end that is not there as a whole yet."""
    for length in range(min(3, len(content)), 0, -1):
        last = content[-length]
        if last >= 0b1100_0000:  # where a character of several bytes begins
            needed = 2 + (last >= 0b1110_0000) + (last >= 0b1111_0000)
            return content if needed <= length else content[:-length]
    return content
