"""The log of a job of this machine, in pieces that fit into memory however much a job prints."""

import codecs
from pathlib import Path

from glacier.adapters import LogChunk
from glacier.errors import JobError

_MEBIBYTE = 1 << 20
_LONGEST_TEXT = 16 * _MEBIBYTE
_LONGEST_START = _MEBIBYTE
_LONGEST_PIECE = _MEBIBYTE
_FARTHEST_BEHIND = 8 * _MEBIBYTE
_LONGEST_NOTE = 8192
_END = "end"


def read_all(log: Path) -> str:
    """Return the text of a log; of one above 16 MiB its first MiB, a note, and the rest's end."""
    size = log.stat().st_size
    if size <= _LONGEST_TEXT:
        return _text(_read(log, 0, size))
    start = _whole_lines(_read(log, 0, _LONGEST_START))
    rest = _LONGEST_TEXT - _LONGEST_START - _LONGEST_NOTE
    end = _without_first_part(_read(log, size - rest, rest))
    return f"{_text(start)}{_note(size - len(start) - len(end), log)}{_text(end)}"


def read_piece(log: Path, cursor: str, *, is_ended: bool, closing: str) -> LogChunk:
    """Return at most 1 MiB of a log from a cursor on; what lies far behind is left out.

    Args:
        log: The log's file.
        cursor: Empty, or of the last piece.
        is_ended: Whether nothing will be added any more.
        closing: What the log's reader gets as a last line, though the file has it not.

    Raises:
        JobError: The cursor is none.
    """
    if cursor == _END:
        return LogChunk("", _END)
    size, start, note = log.stat().st_size, _offset(cursor), ""
    if size - start > _FARTHEST_BEHIND:
        tail = _without_first_part(_read(log, size - _LONGEST_PIECE, _LONGEST_PIECE))
        skipped_to = size - len(tail)
        note, start = _note(skipped_to - start, log), skipped_to
    data = _read(log, start, min(size - start, _LONGEST_PIECE))
    # A character whose last bytes are still to come waits for them.
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    is_last = is_ended and start + len(data) == size
    text = note + decoder.decode(data, final=is_last)
    if is_last:
        return LogChunk(text + closing, _END)
    return LogChunk(text, str(start + len(data) - len(decoder.getstate()[0])))


def _offset(cursor: str) -> int:
    if cursor and not (cursor.isascii() and cursor.isdecimal()):
        raise JobError(
            f"The cursor {cursor!r} is of no log. Pass the cursor of the last piece that was read, "
            "or none for the log's start."
        )
    return int(cursor or 0)


def _read(log: Path, start: int, length: int) -> bytes:
    with log.open("rb") as file:
        file.seek(start)
        return file.read(max(length, 0))


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


def _whole_lines(data: bytes) -> bytes:
    """Return the data up to their last line's end; as they are if there is none."""
    return data[: data.rfind(b"\n") + 1] or data


def _without_first_part(data: bytes) -> bytes:
    """Return the data from the first line that starts in them; as they are if there is none."""
    return data[data.find(b"\n") + 1 :] or data


def _note(left_out: int, log: Path) -> str:
    return f"\n[{left_out} bytes were left out here; the whole log is {log}]\n"
