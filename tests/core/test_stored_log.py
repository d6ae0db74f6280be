"""A job's log is read piece by piece, while it grows and when it is too long."""

from dataclasses import dataclass

import pytest

from glacier.errors import JobError
from glacier.jobs.stored_log import LONGEST_BYTES, StoredLog


@dataclass(frozen=True, slots=True)
class LogInMemory(StoredLog):
    content: bytes

    def size(self) -> int:
        return len(self.content)

    def read(self, begin: int, end: int) -> bytes:
        assert begin < end
        return self.content[begin:end]


@dataclass(frozen=True, slots=True)
class LogWithPreface(LogInMemory):
    def preface(self) -> str:
        return "Preparing\n"


def test_log_ends_with_what_the_platform_says() -> None:
    log = LogInMemory("Killed: memory\n", True, b"begun\n")

    assert log.read_all() == "begun\nKilled: memory\n"


@pytest.mark.parametrize(
    ("content", "expected"), [(b"", "Preparing\n(Failed)"), (b"begun\n", "begun\n(Failed)")]
)
def test_preface_is_told_where_nothing_was_printed(content: bytes, expected: str) -> None:
    assert LogWithPreface("(Failed)", True, content).read_all() == expected


def test_piece_has_whole_characters_as_long_as_the_log_grows() -> None:
    snow = "☃".encode()

    first = LogInMemory("", False, b"a" + snow[:2]).read_piece("")
    second = LogInMemory("", False, b"a" + snow).read_piece(first.cursor)

    assert (first.text, second.text) == ("a", "☃")


def test_closing_is_a_piece_of_its_own_and_told_once() -> None:
    log = LogInMemory("Failed\n", True, b"begun\n")
    pieces, cursor = [], ""

    for _ in range(4):
        piece = log.read_piece(cursor)
        pieces.append(piece.text)
        cursor = piece.cursor

    assert pieces == ["begun\n", "Failed\n", "", ""]


def test_long_log_is_read_from_its_end() -> None:
    log = LogInMemory("", True, b"first\n" + b"." * LONGEST_BYTES)

    text = log.read_all()

    assert text == "[... the beginning is left out ...]\n" + "." * LONGEST_BYTES


def test_word_that_is_no_cursor_is_refused() -> None:
    with pytest.raises(JobError, match="'seven' is no cursor of this log"):
        LogInMemory("", True, b"").read_piece("seven")
