"""What every store's uploads share: parts, their order, and commits whose answer is lost."""

import threading
from collections.abc import Callable, Sequence

import pytest

from glacier.errors import StorageError, WriteError
from glacier.uploads.multipart import MultipartObject
from glacier.uploads.stage import Uploads

PART = 4


class RefusedError(Exception):
    """What the store's client raises."""


class Shelf:
    """A store in memory; what is sent is visible when it is completed."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.owners: dict[str, object] = {}
        self.aborted: list[str] = []
        self.before_send: Callable[[int], object] = lambda _: None
        self.after_commit: Callable[[], None] = lambda: None

    def uploads(self, root: str = "f", *, is_exclusive: bool = False) -> Uploads:
        return Uploads(root, lambda key: ShelfObject(self, key, is_exclusive), part_bytes=PART)


class ShelfObject(MultipartObject):
    failures = (RefusedError,)

    def __init__(self, shelf: Shelf, key: str, is_exclusive: bool) -> None:
        self._shelf = shelf
        self._is_exclusive = is_exclusive
        self._key = key
        self._parts: dict[int, bytes] = {}

    def begin(self) -> None: ...

    def send(self, number: int, content: bytes) -> int:
        self._shelf.before_send(number)
        self._parts[number] = content
        return number

    def complete(self, parts: Sequence[int]) -> None:
        self.put(b"".join(self._parts[one] for one in parts))

    def put(self, content: bytes) -> None:
        if self._is_exclusive and self._key in self._shelf.objects:
            raise RefusedError("something is there")
        self._shelf.objects[self._key] = content
        self._shelf.owners[self._key] = self
        self._shelf.after_commit()

    def abort(self) -> None:
        self._shelf.aborted.append(self._key)

    def may_be_done(self, error: Exception) -> bool:
        return "no answer" in str(error) or "something is there" in str(error)

    def is_ours(self) -> bool:
        return self._shelf.owners.get(self._key) is self


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def lose_the_answer() -> None:
    raise RefusedError("no answer")


@pytest.mark.parametrize("body", [b"", b"abc", b"abcd", b"abcdefghijk"])
def test_object_is_what_was_written_and_not_there_before(shelf: Shelf, body: bytes) -> None:
    uploads = shelf.uploads()
    uploads.open("").write(body)
    before = dict(shelf.objects)

    uploads.complete()

    assert before == {}
    assert shelf.objects == {"f": body}


def test_parts_are_in_order_whatever_the_order_of_their_arrival(shelf: Shelf) -> None:
    later = threading.Event()
    shelf.before_send = lambda number: later.wait(10) if number == 1 else later.set()
    uploads = shelf.uploads()

    uploads.open("").write(b"1111222233334")
    uploads.complete()

    assert shelf.objects == {"f": b"1111222233334"}


@pytest.mark.parametrize("body", [b"abc", b"abcdefghijk"])
def test_commit_without_an_answer_counts_if_the_object_is_ours(shelf: Shelf, body: bytes) -> None:
    shelf.after_commit = lose_the_answer
    uploads = shelf.uploads()
    uploads.open("").write(body)

    uploads.complete()

    assert shelf.objects == {"f": body}


@pytest.mark.parametrize("body", [b"abc", b"abcdefghijk"])
def test_commit_that_finds_the_object_of_another_is_refused(shelf: Shelf, body: bytes) -> None:
    shelf.objects["f"] = b"of another"
    uploads = shelf.uploads(is_exclusive=True)
    uploads.open("").write(body)

    with pytest.raises(RefusedError, match="something is there"):
        uploads.complete()

    assert shelf.objects == {"f": b"of another"}


def test_part_that_fails_by_an_error_of_glacier_ends_the_write_with_it(shelf: Shelf) -> None:
    def refuse(_: int) -> None:
        raise WriteError("There is no room for f.")

    shelf.before_send = refuse
    uploads = shelf.uploads()
    uploads.open("").write(b"abcdefgh")

    with pytest.raises(WriteError, match="no room for f"):
        uploads.complete()

    assert shelf.objects == {}


def test_write_that_was_given_up_can_not_be_completed(shelf: Shelf) -> None:
    uploads = shelf.uploads()
    uploads.open("").write(b"abcdefgh")
    uploads.abort()

    with pytest.raises(StorageError, match="given up"):
        uploads.complete()

    assert shelf.objects == {}
    assert "f" in shelf.aborted


def test_abort_after_the_commit_takes_nothing_back(shelf: Shelf) -> None:
    uploads = shelf.uploads()
    uploads.open("").write(b"abcdefgh")
    uploads.complete()

    uploads.abort()

    assert shelf.objects == {"f": b"abcdefgh"}
    assert shelf.aborted == []
