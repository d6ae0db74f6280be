"""Objects that are uploaded part by part and that nobody sees before they are completed.

A sink writes into the parts of a multipart upload to the very key that the object will have. S3
shows nothing of it until it is completed, which replaces what was there in one step; an upload
that is aborted, or whose process died, never becomes visible. So a commit copies nothing, and
leaves nothing behind in the bucket. What is smaller than a part is one request, at the commit.
"""

import io
import re
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError, ClientError

from glacier.errors import StorageError
from glacier.uploads.buffers import Buffers
from glacier.uploads.threads import for_all, send
from glacier_aws.errors import code_of
from glacier_aws.storage.sweep import sweep_once

if TYPE_CHECKING:
    from concurrent.futures import Future

    from mypy_boto3_s3 import S3Client

PART_BYTES = 8 * 1024 * 1024
"""The size of a part; it doubles every 1,000 parts, since S3 takes 10,000 of an object."""

MEMORY_BYTES = 64 * 1024 * 1024
"""How much of all files of a stage is kept in memory; what is more waits on the local disk."""

STAGE_METADATA = "glacier-stage"
"""The metadata of an object that tells which stage has written it."""

FAILURES = (BotoCoreError, ClientError, OSError)
_PARTS_PER_SIZE = 1000
_MAY_BE_DONE = {"NoSuchUpload", "PreconditionFailed", "412"}
"""What S3, or what stands before it, says to a second try of what it has done already."""


def part_size(number: int, first: int = PART_BYTES) -> int:
    """Return how large a part is, counted from 0, where all before it are as large as they are."""
    return first << (number // _PARTS_PER_SIZE)


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
        self.buffers = Buffers(memory_bytes)
        self._root = root
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

    def open(self, path: str) -> IO[bytes]:
        """Return a new file of the stage.

        Raises:
            StorageError: The store has refused something, or the write was given up.
        """
        key = f"{self._root}{path}"
        upload = Upload(self, key)
        with self._lock:
            self.check()
            self._uploads[key] = upload
        return cast("IO[bytes]", upload)

    def complete(self, *, is_exclusive: bool = False) -> None:
        """Make every file visible, each at once and whole.

        Args:
            is_exclusive: Whether to refuse where an object has the key already.

        Raises:
            ClientError: S3 refuses; `PreconditionFailed` where an object is in the way.
            StorageError: It has refused a part before, or the write was given up.
        """
        self.check()
        for_all(lambda one: one.complete(is_exclusive=is_exclusive), self._all())
        self.buffers.close()
        sweep_once(self.client, self.bucket_name, self._root)

    def abort(self) -> None:
        """Give up what is not completed: it can't become visible any more.

        What goes on writing in the background, as a query does that took too long, gets an
        error. Nothing is waited for: what is under way when the upload is aborted is refused by
        S3, or thrown away when it has ended.
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

    def _all(self) -> "list[Upload]":
        with self._lock:
            return list(self._uploads.values())


class Upload(io.RawIOBase):
    """One object under way: what is less than a part waits, whole parts are sent.

    One thread at a time writes or completes it; any may abort it meanwhile.
    """

    def __init__(self, uploads: Uploads, key: str) -> None:
        super().__init__()
        self._uploads = uploads
        self._client = uploads.client
        self._key = key
        self._upload_id: str | None = None
        self._parts: list[Future[dict[str, Any]]] = []
        self._lock = threading.Lock()  # of the three that follow
        self._under_way = 0
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
        try:
            waiting = uploads.buffers.add(self._key, view)
        except OSError as error:
            raise uploads.fail(error) from error
        while waiting >= self._part_bytes:
            content = uploads.buffers.take(self._key, self._part_bytes)
            waiting -= len(content)
            self._send(content)
        return len(view)

    def complete(self, *, is_exclusive: bool) -> None:
        """Make the object visible, replacing what is there."""
        rest = self._uploads.buffers.take(self._key)
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if is_exclusive else {}
        try:
            if self._upload_id is None:
                self._client.put_object(
                    **self._place, Body=rest, Metadata=self._metadata, **condition
                )
            else:
                self._finish(rest, condition)
        except FAILURES as error:
            # The answer to a first try may have been lost, and a second one finds it done.
            if not (self._can_be_done(error) and self._is_ours()):
                raise
        with self._lock:
            self._is_complete = True

    def abort(self) -> None:
        """Give the upload up; what is sent of it goes."""
        with self._lock:
            self._is_over = True
            is_there = self._upload_id is not None and not self._is_complete
        if is_there:
            for part in list(self._parts):
                part.cancel()
            self._abort()

    @property
    def _place(self) -> Any:  # Any: keyword arguments of many calls
        return {"Bucket": self._uploads.bucket_name, "Key": self._key}

    @property
    def _metadata(self) -> dict[str, str]:
        return {STAGE_METADATA: self._uploads.token}

    @property
    def _checksum(self) -> Any:  # Any: as above
        """Return how parts are checked, as S3 wants to know before the first of them.

        botocore adds checksums to parts alone; one upload and its parts have to name the same.
        """
        added = cast("Any", self._client.meta.config).request_checksum_calculation
        return {"ChecksumAlgorithm": "CRC32"} if added == "when_supported" else {}

    @property
    def _part_bytes(self) -> int:
        return part_size(len(self._parts), self._uploads.part_bytes)

    def _send(self, content: bytes) -> None:
        """Have a part sent, as soon as there are threads for it."""
        if self._upload_id is None:
            self._begin()
        number = len(self._parts) + 1
        part = send(partial(self._send_now, number, content), len(content))
        part.add_done_callback(self._note_failure)
        self._parts.append(part)

    def _begin(self) -> None:
        try:
            made = self._client.create_multipart_upload(
                **self._place, Metadata=self._metadata, **self._checksum
            )
        except FAILURES as error:
            raise self._uploads.fail(error) from error
        with self._lock:
            self._upload_id = made["UploadId"]
            is_over = self._is_over
        if is_over:  # whoever gave it up did not know of it
            self._abort()
            self._uploads.check()

    def _send_now(self, number: int, content: bytes) -> dict[str, Any]:
        with self._lock:
            self._uploads.check()
            self._under_way += 1
        try:
            sent: Any = self._client.upload_part(
                **self._place,
                UploadId=cast("str", self._upload_id),
                PartNumber=number,
                Body=content,
                **self._checksum,
            )
        finally:
            with self._lock:
                self._under_way -= 1
                is_left = self._is_over and self._under_way == 0
            if is_left:  # S3 may keep parts that end after their upload was aborted
                self._abort()
        checksums = {k: v for k, v in sent.items() if re.fullmatch("Checksum(?!Type).+", k)}
        return {"PartNumber": number, "ETag": sent["ETag"], **checksums}

    def _note_failure(self, part: "Future[dict[str, Any]]") -> None:
        error = None if part.cancelled() else part.exception()
        if isinstance(error, Exception):
            self._uploads.fail(error)

    def _finish(self, rest: bytes, condition: dict[str, Any]) -> None:
        if rest:
            self._send(rest)
        parts = [part.result() for part in self._parts]
        self._client.complete_multipart_upload(
            **self._place,
            UploadId=cast("str", self._upload_id),
            MultipartUpload=cast("Any", {"Parts": parts}),
            **condition,
        )

    def _can_be_done(self, error: Exception) -> bool:
        """Return whether a request that failed may have made the object visible all the same.

        It gives the upload up, so that a request which is still on its way no longer can.
        """
        if isinstance(error, ClientError):
            answer = error.response["ResponseMetadata"]
            is_refused = answer.get("HTTPStatusCode", 500) < 500
            is_repeat = answer.get("RetryAttempts", 0) > 0
            if is_refused and not is_repeat and code_of(error) not in _MAY_BE_DONE:
                return False
        return self._upload_id is None or self._abort()

    def _abort(self) -> bool:
        """Abort the upload, and return whether S3 has answered; what stays is swept."""
        with suppress(ClientError):
            try:
                self._client.abort_multipart_upload(
                    **self._place, UploadId=cast("str", self._upload_id)
                )
            except (BotoCoreError, OSError):
                return False
        return True

    def _is_ours(self) -> bool:
        """Return whether the object that is there was written by this very stage."""
        with suppress(*FAILURES):
            found = self._client.head_object(**self._place)
            return found["Metadata"].get(STAGE_METADATA) == self._uploads.token
        return False
