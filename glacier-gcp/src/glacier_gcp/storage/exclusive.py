"""Objects that may replace nothing, as resumable uploads: the one kind that takes a condition."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

import google_crc32c
from google.api_core.exceptions import GoogleAPIError, PreconditionFailed

from glacier.errors import StorageError
from glacier_gcp.http import NoAnswerError, send, send_once
from glacier_gcp.storage.upload import (
    MEDIA_TYPE,
    STAGE_METADATA,
    GcsObject,
    UploadLostError,
    encoded,
)

if TYPE_CHECKING:
    from requests import Response

    from glacier_gcp.session import GcpSession

_UNIT_BYTES = 256 * 1024
"""What is sent before the end is a multiple of this:
https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload"""

_DONE, _GOES_ON, _GONE, _CANCELLED = (200, 201), 308, (404, 410), 499


class ExclusiveGcsObject(GcsObject):
    """One object, whose upload ends well only where nothing has its key by then.

    Its parts go one after the other, since a resumable upload is one stream of bytes.
    """

    is_exclusive: ClassVar[bool] = True

    def __init__(self, session: "GcpSession", bucket_name: str, key: str, token: str) -> None:
        super().__init__(session, bucket_name, key, token)
        self._address = ""
        self._refusal: PreconditionFailed | None = None
        self._turn = threading.Condition()  # of the two that follow
        self._next = 1
        self._is_over = False
        self._sent = 0  # this and what follows belong to the part whose turn it is
        self._rest = b""
        self._checksum = google_crc32c.Checksum()

    def begin(self) -> None:
        """Create the session of the upload.

        Where something is there already, that is told at the end, as it is where it comes later.
        """
        try:
            begun = send(
                self._session,
                "POST",
                f"{self._session.storage_endpoint}/upload/storage/v1/b/{self._bucket_name}/o",
                params={"uploadType": "resumable", "name": self._key, "ifGenerationMatch": "0"},
                json={"metadata": {STAGE_METADATA: self._token}},
                headers={"X-Upload-Content-Type": MEDIA_TYPE},
            )
        except PreconditionFailed as error:
            self._refusal = error
        else:
            self._address = begun.headers.get("Location", "")
            if not self._address:
                raise GoogleAPIError(f"Google has given no address to upload {self._url} to")

    def send(self, number: int, content: bytes) -> tuple[int, str]:
        """Send one part when it is its turn.

        Raises:
            StorageError: A part before it has failed, or the upload was given up.
            UploadLostError: Google has dropped the upload.
        """
        with self._turn:
            self._turn.wait_for(lambda: self._next == number or self._is_over)
            if self._is_over:
                raise StorageError("This write was given up.")
        try:
            self._pass_on(content)
        except BaseException:
            self._end()
            raise
        with self._turn:
            self._next += 1
            self._turn.notify_all()
        return number, ""

    def complete(self, parts: Sequence[tuple[int, str]]) -> None:  # noqa: ARG002 - one stream
        """Send what is left, and that it was all.

        Raises:
            PreconditionFailed: An object has the key.
            UploadLostError: Google has dropped the upload.
        """
        if self._refusal is not None:
            raise self._refusal
        self._push(self._rest, total=self._sent + len(self._rest))

    def abort(self) -> None:
        """Cancel the session; Google drops one that nobody ends after a week."""
        self._end()
        if self._address:
            with suppress(*self.failures):
                send_once(
                    self._session, "DELETE", self._address, expected=(204, *_GONE, _CANCELLED)
                )

    def _end(self) -> None:
        with self._turn:
            self._is_over = True
            self._turn.notify_all()

    def _pass_on(self, content: bytes) -> None:
        if self._refusal is not None:
            return
        self._checksum.update(content)
        waiting = self._rest + content
        whole = len(waiting) - len(waiting) % _UNIT_BYTES
        if whole:
            self._push(waiting[:whole], total=None)
        self._sent, self._rest = self._sent + whole, waiting[whole:]

    def _push(self, content: bytes, *, total: int | None) -> None:
        """Send bytes of the stream until Google has all of them.

        It says how many it has, which may be fewer than were sent, and is asked for it where an
        answer was lost.

        Args:
            content: What follows on what was sent.
            total: How many bytes the whole stream has, where it ends with these; else None.
        """
        start, end = self._sent, self._sent + len(content)
        there: int | None = start

        def step() -> bool:
            """Send what Google has not yet, and return whether that was all."""
            nonlocal there
            known, there = there, None  # until there is an answer
            if known is None:
                known = self._received(total)
            if known is None or (total is None and known >= end):
                return True
            if known < start:
                raise UploadLostError(f"Google has lost bytes of {self._url}. Write it again")
            there = self._received(total, content[known - start :], known)
            if there is not None and there <= known:
                raise NoAnswerError(f"Google has taken nothing of what was sent to {self._url}.")
            return there is None or (total is None and there >= end)

        while not self._session.retry(step)():
            pass

    def _received(self, total: int | None, content: bytes = b"", start: int = 0) -> int | None:
        """Return how many bytes Google has, perhaps after more; None where the object is there."""
        place = f"{start}-{start + len(content) - 1}" if content else "*"
        headers = {"Content-Range": f"bytes {place}/{'*' if total is None else total}"}
        if total is not None:
            headers["x-goog-hash"] = f"crc32c={encoded(self._checksum)}"
        answer = self._put(content, headers)
        if answer.status_code in _DONE:
            return None
        if answer.status_code != _GOES_ON:
            raise UploadLostError(
                f"Google has dropped the upload to {self._url} before its end "
                f"({answer.status_code}). Write it again"
            )
        received = answer.headers.get("Range")
        return int(received.rpartition("-")[2]) + 1 if received else 0

    def _put(self, content: bytes, headers: dict[str, str]) -> "Response":
        return send_once(
            self._session,
            "PUT",
            self._address,
            data=content,
            headers=headers,
            expected=(*_DONE, _GOES_ON, *_GONE, _CANCELLED),
            allow_redirects=False,
        )
