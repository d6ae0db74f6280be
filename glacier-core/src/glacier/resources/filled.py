"""What a filled stage holds: known from this machine alone, so that no store is asked."""

import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO

from glacier.storage import MeasuredFiles, Stage

MOST_FOOTERS = 64
"""Files of a dataset beyond which their rows are not counted."""
LONGEST_FOOTER_BYTES = 64 * 1024
"""Footers of Parquet files that are longer are not kept."""

_MARK = b"PAR1"
_LENGTH_BYTES = 8


@dataclass(frozen=True, slots=True)
class Filled:
    """What a stage holds.

    Attributes:
        size_bytes: How large its files are together; None where that is not known.
        files: How many there are; None where that is not known.
        footers: The footers of its Parquet files, which are small, and hold the counts of rows;
            empty where some of them are not at hand.
        known_rows: How many rows it was given, where it was given an eager frame.
    """

    size_bytes: int | None = None
    files: int | None = None
    footers: tuple[bytes, ...] = field(default=(), repr=False)
    known_rows: int | None = None

    @property
    def rows(self) -> int | None:
        """How many rows there are; None where nobody has counted them.

        Counted from the footers when it is asked for, which takes Polars half a millisecond, and
        would be a good part of the time of a small write.
        """
        if self.known_rows is not None or not self.footers:
            return self.known_rows
        import polars as pl  # only here: records of runs are imported where no frame is

        from glacier.resources.translation import FAILURES

        files: list[IO[bytes]] = [io.BytesIO(footer) for footer in self.footers]
        try:
            return int(pl.scan_parquet(files).select(pl.len()).collect().item())
        except FAILURES:  # an encrypted file's, for one
            return None


def filled(stage: Stage, rows: int | None = None) -> Filled:
    """Return what a stage holds before its commit, as far as this process knows.

    Args:
        stage: A stage whose sink has ended.
        rows: How many rows it was given, where that is known.
    """
    files: object = stage.files
    paths: list[str] = []
    if isinstance(files, MeasuredFiles):
        sizes = files.sizes()
    elif files is not None or "://" in stage.location.uri:
        return Filled(known_rows=rows)
    else:
        paths = list(_files(stage.location.uri))
        sizes = [os.stat(path).st_size for path in paths]  # noqa: PTH116 - fast for thousands
    ends: Iterable[bytes] = ()
    if rows is None and len(sizes) <= MOST_FOOTERS:
        if isinstance(files, MeasuredFiles):
            ends = files.ends(LONGEST_FOOTER_BYTES)
        else:
            ends = map(_end, paths, sizes)
    return Filled(sum(sizes), len(sizes), _footers(ends, len(sizes)), rows)


def _files(path: str) -> Iterator[str]:
    if not path.endswith("/"):
        yield path
        return
    for directory, _, names in os.walk(path):
        yield from (f"{directory}/{name}" for name in names)


def _end(path: str, size: int) -> bytes:
    with open(path, "rb") as file:  # noqa: PTH123 - fast for many
        file.seek(max(0, size - LONGEST_FOOTER_BYTES))
        return file.read()


def _footers(ends: Iterable[bytes], count: int) -> tuple[bytes, ...]:
    """Return the footers at the ends of files; none if one of them has none."""
    found = tuple(filter(None, map(_footer, ends)))
    return found if len(found) == count else ()


def _footer(end: bytes) -> bytes:
    """Return the footer with which a Parquet file ends; empty for others, and for a long one."""
    if not end.endswith(_MARK) or len(end) < _LENGTH_BYTES:
        return b""
    length = int.from_bytes(end[-_LENGTH_BYTES:-4], "little") + _LENGTH_BYTES
    return end[-length:] if length <= len(end) else b""
