"""Bytes that wait for their part, in memory and on the disk."""

import random
from collections.abc import Callable, Iterator

import pytest

from glacier.errors import StorageError
from glacier.uploads.buffers import BLOCK_BYTES, Buffers


@pytest.fixture
def make() -> Iterator[Callable[[int], Buffers]]:
    """Makes buffers, and closes them after the test."""
    made: list[Buffers] = []

    def one(memory_bytes: int) -> Buffers:
        made.append(Buffers(memory_bytes))
        return made[-1]

    yield one
    for buffers in made:
        buffers.close()


def test_buffers_give_back_what_was_added_in_order(make: Callable[[int], Buffers]) -> None:
    buffers, moments = make(1000), random.Random(3)
    expected: dict[str, bytes] = {}
    taken: dict[str, bytes] = {}

    for turn in range(5000):
        name = f"file {moments.randrange(50)}"
        content = moments.randbytes(moments.randrange(100))
        expected[name] = expected.get(name, b"") + content
        waiting = buffers.add(name, memoryview(content))
        if turn % 7 == 0:
            taken[name] = taken.get(name, b"") + buffers.take(name, min(waiting, 60))

    for name in expected:
        taken[name] = taken.get(name, b"") + buffers.take(name)
    assert taken == expected
    assert buffers.disk_bytes > 0


def test_buffers_use_the_disk_only_beyond_their_memory(make: Callable[[int], Buffers]) -> None:
    buffers = make(1000)

    buffers.add("file", memoryview(bytes(1000)))

    assert buffers.disk_bytes == 0


def test_buffers_use_the_room_on_the_disk_again(make: Callable[[int], Buffers]) -> None:
    buffers = make(10 * BLOCK_BYTES)

    for _ in range(100):
        for name in ("one", "two"):
            buffers.add(name, memoryview(bytes(8 * BLOCK_BYTES)))
        for name in ("one", "two"):
            buffers.take(name)

    assert 0 < buffers.disk_bytes <= 16 * BLOCK_BYTES


def test_buffers_of_many_files_take_whole_blocks_of_the_disk(
    make: Callable[[int], Buffers],
) -> None:
    buffers = make(1000 * BLOCK_BYTES)

    for _ in range(4):
        for number in range(1000):
            buffers.add(f"file {number}", memoryview(bytes(BLOCK_BYTES)))

    assert buffers.disk_bytes <= 4000 * BLOCK_BYTES


def test_closed_buffers_do_not_pass_for_empty_ones(make: Callable[[int], Buffers]) -> None:
    buffers = make(1000)
    buffers.add("file", memoryview(b"rows"))

    buffers.close()

    with pytest.raises(StorageError, match="given up"):
        buffers.take("file")
    with pytest.raises(StorageError, match="given up"):
        buffers.add("file", memoryview(b"more"))
