"""The files of one write, uploaded part by part and made visible together by its commit.

A sink writes into the parts of an upload to the very key that an object will have. The store shows
nothing of it until it is completed, which replaces what was there in one step; an upload that is
given up, or whose process died, never becomes visible. So a commit copies nothing, and leaves
nothing behind. What is smaller than a part is one request, at the commit.
"""

import threading
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, cast

from glacier.errors import StorageError
from glacier.uploads.buffers import Buffers
from glacier.uploads.threads import for_all
from glacier.uploads.upload import PART_BYTES, Upload

if TYPE_CHECKING:
    from glacier.uploads.multipart import MultipartObject

MEMORY_BYTES = 64 * 1024 * 1024
"""How much of all files of a stage is kept in memory; what is more waits on the local disk."""


class Uploads:
    """The files of one stage; `glacier.storage.StageFiles`.

    Args:
        root: The key of the single file, or with a trailing `/` the prefix of many.
        begin: Makes the object of a key that the store is going to have.
        translate: Makes Glacier's error of the store's.
        part_bytes: The size of the first parts.
        memory_bytes: How much of all files is kept in memory.
    """

    def __init__(
        self,
        root: str,
        begin: "Callable[[str], MultipartObject]",
        *,
        translate: Callable[[Exception], Exception | None] = lambda _: None,
        part_bytes: int = PART_BYTES,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.part_bytes = part_bytes
        self.buffers = Buffers(memory_bytes)
        self._root = root
        self._begin = begin
        self._translate = translate
        self._uploads: dict[str, Upload] = {}
        self._lock = threading.Lock()
        self._error: Exception | None = None
        self._is_over = False

    @property
    def error(self) -> Exception | None:
        """The first error of the store, as Glacier's where it has one."""
        return self._error

    @property
    def keys(self) -> list[str]:
        """The keys of all files that were opened."""
        with self._lock:
            return list(self._uploads)

    def sizes(self) -> list[int]:
        """Return how many bytes were written to each file that was opened."""
        return [one.size for one in self._all()]

    def ends(self, most: int) -> list[bytes]:
        """Return the last bytes of each file, as far as they wait in memory for the commit."""
        return [self.buffers.end(key, most) for key in self.keys]

    def open(self, path: str) -> IO[bytes]:
        """Return a new file of the stage.

        Raises:
            StorageError: The store has refused something, or the write was given up.
        """
        key = f"{self._root}{path}"
        upload = Upload(self, key, self._begin(key))
        with self._lock:
            self.check()
            self._uploads[key] = upload
        return cast("IO[bytes]", upload)

    def complete(self) -> None:
        """Make every file visible, each at once and whole.

        Raises:
            Exception: The store refuses, in its client's own words.
            StorageError: It has refused a part before, or the write was given up.
        """
        self.check()
        for_all(lambda one: one.complete(), self._all())
        self.buffers.close()

    def abort(self) -> None:
        """Give up what is not completed: it can't become visible any more.

        What goes on writing in the background, as a query does that took too long, gets an
        error. Nothing is waited for: what is under way when the upload is given up is refused by
        the store, or thrown away when it has ended.
        """
        with self._lock:
            self._is_over = True
        for_all(lambda one: one.abort(), self._all())
        self.buffers.close()

    def fail(self, error: Exception) -> Exception:
        """Remember the first error, and return the one that is remembered."""
        with self._lock:
            if self._error is None:
                self._error = self._translate(error) or error
            return self._error

    def check(self) -> None:
        """Raise what ends this write: the first error, or that it was given up."""
        if self._error is not None:
            raise self._error
        if self._is_over:
            raise StorageError("This write was given up.")

    def _all(self) -> list[Upload]:
        with self._lock:
            return list(self._uploads.values())
