"""Objects that are uploaded part by part and that nobody sees before they are completed.

A sink writes into the parts of a multipart upload to the very key that the object will have. S3
shows nothing of it until it is completed, which replaces what was there in one step; an upload
that is aborted, or whose process died, never becomes visible. So a commit copies nothing, and
leaves nothing behind in the bucket.
"""

import io
import re
import tempfile
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from typing import IO, TYPE_CHECKING, Any, TypeVar, cast

from botocore.exceptions import BotoCoreError, ClientError

from glacier.errors import StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PART_BYTES = 8 * 1024 * 1024
"""The size of a part; it doubles every 1,000 parts, since S3 takes 10,000 of an object."""

MEMORY_BYTES = 64 * 1024 * 1024
"""How much of all files of a stage is kept in memory; what is more waits on the local disk."""

STAGE_METADATA = "glacier-stage"
"""The metadata of an object that tells which stage has written it."""

_PARTS_PER_SIZE = 1000
_THREADS = 16
_PARTS_IN_FLIGHT = 8
T = TypeVar("T")
FAILURES = (BotoCoreError, ClientError, OSError)


class Uploads:
    """The files of one stage; `glacier.storage.StageFiles`.

    Args:
        client: The client of S3.
        bucket_name: The bucket.
        root: The key of the single file, or with a trailing `/` the prefix of many.
        token: The stage's token.
        translate: Makes Glacier's error of the store's.
        part_bytes: The size of the first parts.
        memory_bytes: How much of all files is kept in memory.
    """

    def __init__(
        self,
        client: "S3Client",
        bucket_name: str,
        root: str,
        token: str,
        *,
        translate: Callable[[Exception], Exception | None] = lambda _: None,
        part_bytes: int = PART_BYTES,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self.client = client
        self.bucket_name = bucket_name
        self.token = token
        self.part_bytes = part_bytes
        self._root = root
        self._translate = translate
        self._memory_bytes = memory_bytes
        self._uploads: dict[str, Upload] = {}
        self._buffered = 0
        self._spill: IO[bytes] | None = None
        self._in_flight = threading.Semaphore(_PARTS_IN_FLIGHT)
        self._lock = threading.Lock()
        self._error: Exception | None = None
        self.is_over = False

    @property
    def error(self) -> Exception | None:
        """The first error of the store, as Glacier's where it has one."""
        return self._error

    @property
    def keys(self) -> list[str]:
        """The keys of all files that were opened."""
        return list(self._uploads)

    def open(self, path: str) -> IO[bytes]:
        """Return a new file of the stage."""
        key = f"{self._root}{path}"
        upload = Upload(self, key)
        with self._lock:
            self._uploads[key] = upload
        return cast("IO[bytes]", upload)

    def complete(self, *, is_exclusive: bool = False) -> None:
        """Make every file visible, each at once and whole.

        Args:
            is_exclusive: Whether to refuse where an object has the key already.

        Raises:
            ClientError: S3 refuses; `PreconditionFailed` where an object is in the way.
        """
        for_all(lambda one: one.complete(is_exclusive=is_exclusive), list(self._uploads.values()))

    def abort(self) -> None:
        """Give up what is not completed; what goes on writing gets an error."""
        self.is_over = True
        for_all(lambda one: one.abort(), list(self._uploads.values()))
        with self._lock:
            if self._spill is not None:
                self._spill.close()

    def fail(self, error: Exception) -> Exception:
        """Remember the first error and return Glacier's for it."""
        with self._lock:
            if self._error is None:
                self._error = self._translate(error) or error
            return self._error

    def send(self, work: Callable[[], T]) -> "Future[T]":
        """Have a thread send a part, once few enough are under way."""
        self._in_flight.acquire()
        future = _threads().submit(work)
        future.add_done_callback(lambda _: self._in_flight.release())
        return future

    def keep(self, more: int) -> bool:
        """Count bytes that a file keeps in memory; return whether there is room for them."""
        with self._lock:
            self._buffered += more
            return self._buffered <= self._memory_bytes

    def spill(self, content: bytes) -> tuple[int, int]:
        """Put bytes on the local disk, and return where they lie there."""
        with self._lock:
            if self._spill is None:
                self._spill = tempfile.TemporaryFile(prefix="glacier-")  # noqa: SIM115 - kept
            self._spill.seek(0, io.SEEK_END)
            start = self._spill.tell()
            self._spill.write(content)
            return start, len(content)

    def spilled(self, pieces: Iterable[tuple[int, int]]) -> bytes:
        """Return bytes that were put on the local disk."""
        content = bytearray()
        with self._lock:
            for start, length in pieces:
                assert self._spill is not None
                self._spill.seek(start)
                content += self._spill.read(length)
        return bytes(content)


class Upload(io.RawIOBase):
    """One object under way: what is less than a part waits here, whole parts are sent."""

    def __init__(self, uploads: Uploads, key: str) -> None:
        super().__init__()
        self._uploads = uploads
        self._key = key
        self._buffer = bytearray()
        self._pieces: list[tuple[int, int]] = []
        self._spilled = 0
        self._upload_id: str | None = None
        self._parts: list[Future[dict[str, Any]]] = []
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
        if uploads.is_over:
            raise StorageError("This write was given up.")
        for part in self._parts:
            if part.done() and part.exception() is not None:
                raise uploads.fail(cast("Exception", part.exception()))
        view = memoryview(data).cast("B")
        self._buffer += view
        has_room = uploads.keep(len(view))
        while len(self._buffer) + self._spilled >= self._part_bytes:
            self._send(self._taken())
        if not has_room and self._buffer:
            self._pieces.append(uploads.spill(bytes(self._buffer)))
            self._spilled += len(self._buffer)
            self._forget()
        return len(view)

    def complete(self, *, is_exclusive: bool) -> None:
        """Make the object visible, replacing what is there."""
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if is_exclusive else {}
        rest = self._taken(everything=True)
        try:
            if self._upload_id is None:
                self._client.put_object(
                    **self._place, Body=rest, Metadata=self._metadata, **condition
                )
            else:
                if rest:
                    self._send(rest)
                parts = [part.result() for part in self._parts]
                self._client.complete_multipart_upload(
                    **self._place,
                    UploadId=self._upload_id,
                    MultipartUpload=cast("Any", {"Parts": parts}),
                    **condition,
                )
        except ClientError as error:
            # The answer to a first try may have been lost, and a second one finds it done.
            is_repeat = error.response["ResponseMetadata"].get("RetryAttempts", 0) > 0
            if not (is_repeat and self._is_ours()):
                raise
        self._is_complete = True

    def abort(self) -> None:
        """Give the upload up; what is sent of it goes."""
        if self._upload_id is None or self._is_complete:
            return
        for part in self._parts:
            part.cancel()
        with suppress(*FAILURES):  # What a lost connection leaves is swept.
            self._client.abort_multipart_upload(**self._place, UploadId=self._upload_id)

    @property
    def _client(self) -> "S3Client":
        return self._uploads.client

    @property
    def _place(self) -> Any:  # Any: keyword arguments of many calls
        return {"Bucket": self._uploads.bucket_name, "Key": self._key}

    @property
    def _metadata(self) -> dict[str, str]:
        return {STAGE_METADATA: self._uploads.token}

    @property
    def _part_bytes(self) -> int:
        return self._uploads.part_bytes << (len(self._parts) // _PARTS_PER_SIZE)

    def _taken(self, *, everything: bool = False) -> bytes:
        """Return the bytes of the next part and forget them."""
        content = self._uploads.spilled(self._pieces) + self._buffer
        end = len(content) if everything else self._part_bytes
        self._pieces, self._spilled = [], 0
        self._forget()
        self._buffer += content[end:]
        self._uploads.keep(len(self._buffer))
        return bytes(content[:end])

    def _forget(self) -> None:
        self._uploads.keep(-len(self._buffer))
        self._buffer.clear()

    def _send(self, content: bytes) -> None:
        if self._upload_id is None:
            try:
                made = self._client.create_multipart_upload(**self._place, Metadata=self._metadata)
            except FAILURES as error:
                raise self._uploads.fail(error) from error
            self._upload_id = made["UploadId"]
        number = len(self._parts) + 1

        def upload() -> dict[str, Any]:
            sent: Any = self._client.upload_part(
                **self._place,
                UploadId=cast("str", self._upload_id),
                PartNumber=number,
                Body=content,
            )
            checksums = {k: v for k, v in sent.items() if re.fullmatch("Checksum(?!Type).+", k)}
            return {"PartNumber": number, "ETag": sent["ETag"], **checksums}

        self._parts.append(self._uploads.send(upload))

    def _is_ours(self) -> bool:
        """Return whether the object that is there was written by this very stage."""
        try:
            found = self._client.head_object(**self._place)
        except ClientError:
            return False
        return found["Metadata"].get(STAGE_METADATA) == self._uploads.token


def for_all(work: Callable[[T], None], items: list[T]) -> None:
    """Do some work on every item, several at a time; the first error is raised at the end."""
    if len(items) < 2:
        for item in items:
            work(item)
        return
    with ThreadPoolExecutor(min(_THREADS, len(items)), "glacier-s3") as threads:
        futures = [threads.submit(work, item) for item in items]
    for future in futures:
        future.result()


@cache
def _threads() -> ThreadPoolExecutor:
    """Return the threads that send parts, of all stages together."""
    return ThreadPoolExecutor(_THREADS, "glacier-upload")
