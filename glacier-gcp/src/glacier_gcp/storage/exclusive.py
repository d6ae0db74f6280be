"""Objects that may replace nothing, as resumable uploads: the one kind that takes a condition."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from google.api_core.exceptions import PreconditionFailed

from glacier.errors import StorageError
from glacier_gcp.http import send_once
from glacier_gcp.storage.upload import GcsObject

if TYPE_CHECKING:
    from requests import Response

    from glacier_gcp.session import GcpSession

_UNIT_BYTES = 256 * 1024
"""What is sent before the end is a multiple of this:
https://cloud.google.com/storage/docs/performing-resumable-uploads#chunked-upload"""

_GOES_ON, _CANCELLED = 308, 499


class ExclusiveGcsObject(GcsObject):
    """One object, whose upload ends well only where nothing has its key by then.

    Its parts go one after the other, since a resumable upload is one stream of bytes.
    """

    generation: ClassVar[int | None] = 0

    def __init__(self, session: "GcpSession", bucket_name: str, key: str, token: str) -> None:
        super().__init__(session, bucket_name, key, token)
        self._address = ""
        self._refusal: PreconditionFailed | None = None
        self._turn = threading.Condition()  # of the four that follow
        self._next = 1
        self._sent = 0
        self._rest = b""
        self._is_over = False

    def begin(self) -> None:
        """Create the session of the upload.

        Where something is there already, that is told at the end, as it is where it comes later.
        """
        try:
            self._address = self._blob.create_resumable_upload_session(
                "application/octet-stream",
                checksum=None,
                if_generation_match=self.generation,
                timeout=self._session.timeout,
                retry=self._session.retry,
            )
        except PreconditionFailed as error:
            self._refusal = error

    def send(self, number: int, content: bytes) -> tuple[int, str]:
        """Send one part when it is its turn.

        Raises:
            StorageError: A part before it has failed.
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
        """
        if self._refusal is not None:
            raise self._refusal
        self._push(self._rest, total=self._sent + len(self._rest))

    def abort(self) -> None:
        """Cancel the session; Google drops one that nobody ends after a week."""
        self._end()
        if self._address:
            with suppress(*self.failures):
                send_once(self._session, "DELETE", self._address, expected=(204, 404, _CANCELLED))

    def _end(self) -> None:
        with self._turn:
            self._is_over = True
            self._turn.notify_all()

    def _pass_on(self, content: bytes) -> None:
        if self._refusal is not None:
            return
        waiting = self._rest + content
        whole = len(waiting) - len(waiting) % _UNIT_BYTES
        if whole:
            self._push(waiting[:whole], total=None)
        self._sent, self._rest = self._sent + whole, waiting[whole:]

    def _push(self, content: bytes, *, total: int | None) -> None:
        """Send bytes of the stream, and the rest of them again where an answer was lost."""
        start, end = self._sent, self._sent + len(content)
        is_first = True

        def attempt() -> None:
            nonlocal is_first
            there = start if is_first else self._received(total)
            is_first = False
            if there is None or (there >= end and total is None):
                return
            piece = content[there - start :]
            place = f"{there}-{end - 1}" if piece else "*"
            self._put(piece, f"bytes {place}/{'*' if total is None else total}")

        self._session.retry(attempt)()

    def _received(self, total: int | None) -> int | None:
        """Return how many bytes Google has; None where the object is complete."""
        asked = self._put(b"", f"bytes */{'*' if total is None else total}")
        if asked.status_code != _GOES_ON:
            return None
        received = asked.headers.get("Range")
        return int(received.rpartition("-")[2]) + 1 if received else 0

    def _put(self, content: bytes, content_range: str) -> "Response":
        return send_once(
            self._session,
            "PUT",
            self._address,
            data=content,
            headers={"Content-Range": content_range},
            expected=(200, 201, _GOES_ON),
            allow_redirects=False,
        )
