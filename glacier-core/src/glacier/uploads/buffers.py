"""Bytes that wait for the rest of their part, of all files that one write fills at once."""

import io
import tempfile
import threading
from dataclasses import dataclass, field
from typing import IO

from glacier.errors import StorageError

BLOCK_BYTES = 64 * 1024
"""The unit in which the local disk is used, and used again."""


@dataclass(slots=True)
class _Waiting:
    """What waits of one file, in the order of its bytes: first what is on the disk."""

    blocks: list[tuple[int, int]] = field(default_factory=list)  # number and length
    on_disk: int = 0
    in_memory: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return self.on_disk + len(self.in_memory)


class Buffers:
    """Keeps bytes by the name of their file; safe to share among threads.

    A dataset of a thousand partitions is a thousand files that grow side by side, and each of
    them needs a whole part before any of it can be sent. Beyond `memory_bytes` the longest
    buffers go to one temporary file, whose room is used again.

    Args:
        memory_bytes: How much is kept in memory.
    """

    def __init__(self, memory_bytes: int) -> None:
        self._memory_bytes = memory_bytes
        self._in_memory = 0
        self._waiting: dict[str, _Waiting] = {}
        self._disk: IO[bytes] | None = None
        self._disk_blocks = 0
        self._free: list[int] = []
        self._is_closed = False
        self._lock = threading.Lock()

    @property
    def disk_bytes(self) -> int:
        """How large the temporary file has become; 0 where there was no need of one."""
        return self._disk_blocks * BLOCK_BYTES

    def add(self, name: str, content: memoryview) -> int:
        """Keep bytes at the end of a file, and return how many of it wait now.

        Raises:
            OSError: The local disk is full.
            StorageError: The write was given up.
        """
        with self._lock:
            self._check()
            waiting = self._waiting.setdefault(name, _Waiting())
            waiting.in_memory += content
            self._in_memory += len(content)
            if self._in_memory > self._memory_bytes:
                self._make_room()
            return len(waiting)

    def take(self, name: str, most: int | None = None) -> bytes:
        """Return the first bytes that wait of a file, and forget them; all where `most` is None.

        Raises:
            StorageError: The write was given up: what waited is gone, and not empty.
        """
        with self._lock:
            self._check()
            waiting = self._waiting.setdefault(name, _Waiting())
            memory = waiting.in_memory
            self._in_memory -= len(memory)
            if waiting.blocks:
                memory = waiting.in_memory = bytearray(self._read(waiting)) + memory
            end = len(memory) if most is None else most
            with memoryview(memory) as view:
                content = bytes(view[:end])
            del memory[:end]
            self._in_memory += len(memory)
            return content

    def end(self, name: str, most: int) -> bytes:
        """Return the last bytes that wait of a file in memory, at most so many; they stay."""
        with self._lock:
            waiting = self._waiting.get(name)
            return b"" if waiting is None else bytes(waiting.in_memory[-most:])

    def close(self) -> None:
        """Forget everything; nothing can be added or taken any more."""
        with self._lock:
            self._is_closed = True
            self._waiting.clear()
            if self._disk is not None:
                self._disk.close()

    def _check(self) -> None:
        if self._is_closed:
            raise StorageError("This write was given up.")

    def _make_room(self) -> None:
        """Move the longest buffers to the disk until half of the memory is free."""
        longest = sorted(self._waiting.values(), key=lambda one: -len(one.in_memory))
        for waiting in longest:
            if self._in_memory <= self._memory_bytes // 2:
                break
            self._in_memory -= len(waiting.in_memory)
            self._write(waiting)

    def _write(self, waiting: _Waiting) -> None:
        if self._disk is None:
            self._disk = tempfile.TemporaryFile(prefix="glacier-")  # noqa: SIM115 - kept
        with memoryview(waiting.in_memory) as view:
            for start in range(0, len(view), BLOCK_BYTES):
                piece = view[start : start + BLOCK_BYTES]
                if not self._free:
                    self._free.append(self._disk_blocks)
                    self._disk_blocks += 1
                number = self._free.pop()
                self._disk.seek(number * BLOCK_BYTES)
                self._disk.write(piece)
                waiting.blocks.append((number, len(piece)))
                piece.release()
        waiting.on_disk += len(waiting.in_memory)
        waiting.in_memory = bytearray()

    def _read(self, waiting: _Waiting) -> bytes:
        assert self._disk is not None
        content = io.BytesIO()
        for number, length in waiting.blocks:
            self._disk.seek(number * BLOCK_BYTES)
            content.write(self._disk.read(length))
        self._free += [number for number, _ in waiting.blocks]
        waiting.blocks, waiting.on_disk = [], 0
        return content.getvalue()
