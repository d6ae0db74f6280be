"""A file that is sent to its store while it is written."""

import io
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from glacier.uploads.threads import send

if TYPE_CHECKING:
    from concurrent.futures import Future

    from glacier.uploads.multipart import MultipartObject
    from glacier.uploads.stage import Uploads

PART_BYTES = 8 * 1024 * 1024
"""The size of a part; it doubles every 1,000 parts, since stores take 10,000 of an object."""

_PARTS_PER_SIZE = 1000


def part_size(number: int, first: int = PART_BYTES) -> int:
    """Return how large a part is, counted from 0, where all before it are as large as they are."""
    return first << (number // _PARTS_PER_SIZE)


class Upload(io.RawIOBase):
    """One object under way: what is less than a part waits, whole parts are sent.

    One thread at a time writes or completes it; any may abort it meanwhile.

    Args:
        uploads: The files of the same stage.
        key: The object's key.
        target: The store's side of it.

    Attributes:
        size: How many bytes were written.
    """

    def __init__(self, uploads: "Uploads", key: str, target: "MultipartObject") -> None:
        super().__init__()
        self._uploads = uploads
        self._key = key
        self._target = target
        self.size = 0
        self._parts: list[Future[Any]] = []
        self._lock = threading.Lock()  # of the four that follow
        self._under_way = 0
        self._is_begun = False
        self._is_over = False
        self._is_complete = False

    def writable(self) -> bool:
        """Return that it is."""
        return True

    def write(self, data: Any) -> int:  # Any: a buffer of any kind
        """Take bytes; waits while many parts are under way.

        Raises:
            StorageError: The store has refused a part, or the write was given up.
        """
        uploads = self._uploads
        uploads.check()
        view = memoryview(data).cast("B")
        self.size += len(view)
        try:
            waiting = uploads.buffers.add(self._key, view)
        except OSError as error:
            raise uploads.fail(error) from error
        while waiting >= self._part_bytes:
            content = uploads.buffers.take(self._key, self._part_bytes)
            waiting -= len(content)
            self._send(content)
        return len(view)

    def complete(self) -> None:
        """Make the object visible."""
        rest = self._uploads.buffers.take(self._key)
        target = self._target
        try:
            if self._is_begun:
                if rest:
                    self._send(rest)
                parts = [part.result() for part in self._parts]
                target.complete(parts)
            else:
                target.put(rest)
        except target.failures as error:
            if not target.may_be_done(error):
                raise
            if self._is_begun:  # a request that is still on its way is not to be late
                target.abort()
            if not target.is_ours():
                raise
        with self._lock:
            self._is_complete = True

    def abort(self) -> None:
        """Give the upload up; what is sent of it goes."""
        with self._lock:
            self._is_over = True
            is_there = self._is_begun and not self._is_complete
        if is_there:
            for part in list(self._parts):
                part.cancel()
            self._target.abort()

    @property
    def _part_bytes(self) -> int:
        return part_size(len(self._parts), self._uploads.part_bytes)

    def _send(self, content: bytes) -> None:
        """Have a part sent, as soon as there are threads for it."""
        if not self._is_begun:
            self._begin()
        number = len(self._parts) + 1
        part = send(partial(self._send_now, number, content), len(content))
        part.add_done_callback(self._note_failure)
        self._parts.append(part)

    def _begin(self) -> None:
        try:
            self._target.begin()
        except self._target.failures as error:
            raise self._uploads.fail(error) from error
        with self._lock:
            self._is_begun = True
            is_over = self._is_over
        if is_over:  # whoever gave it up did not know of it
            self._target.abort()
            self._uploads.check()

    def _send_now(self, number: int, content: bytes) -> Any:
        with self._lock:
            self._uploads.check()
            self._under_way += 1
        try:
            return self._target.send(number, content)
        finally:
            with self._lock:
                self._under_way -= 1
                is_left = self._is_over and self._under_way == 0
            if is_left:  # stores may keep parts that end after their upload was given up
                self._target.abort()

    def _note_failure(self, part: "Future[Any]") -> None:
        error = None if part.cancelled() else part.exception()
        if isinstance(error, Exception):
            self._uploads.fail(error)
