"""Objects as uploads of Cloud Storage, which nobody sees before they are completed."""

import base64
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

import google_crc32c
from google.api_core.exceptions import BadRequest, GoogleAPIError
from google.auth.exceptions import GoogleAuthError

from glacier.uploads.multipart import MultipartObject
from glacier_gcp.answers import code_of, refused_by
from glacier_gcp.credentials import NoTokenError
from glacier_gcp.http import send, send_once, text_of

if TYPE_CHECKING:
    from requests import Response

    from glacier_gcp.session import GcpSession

STAGE_METADATA = "glacier-stage"
"""The metadata of an object that tells which stage has written it."""

MEDIA_TYPE = "application/octet-stream"

_MAY_BE_DONE = {404, 412}
"""What Google says to a second try of what it has done already: there is no such upload any more,
or an object is there that was not to be."""


class DamagedError(ConnectionError):
    """Google has got other bytes than were sent, which are sent again."""


class UploadLostError(OSError):
    """Google has dropped an upload before its end."""


class GcsObject(MultipartObject):
    """One object, by a multipart upload of the XML API, which Polars' own sinks use as well.

    What is smaller than a part needs no upload. An upload that was begun takes no precondition:
    https://cloud.google.com/storage/docs/request-preconditions#caveats

    Args:
        session: Whose identity writes.
        bucket_name: The bucket.
        key: The object's key.
        token: The stage's token, which the object carries.
    """

    failures: ClassVar[tuple[type[Exception], ...]] = (
        GoogleAPIError,
        GoogleAuthError,
        NoTokenError,
        OSError,
    )
    is_exclusive: ClassVar[bool] = False
    """Whether the object may replace nothing."""

    def __init__(self, session: "GcpSession", bucket_name: str, key: str, token: str) -> None:
        self._session = session
        self._bucket_name = bucket_name
        self._key = key
        self._token = token
        self._url = f"{session.storage_endpoint}/{bucket_name}/{quote(key)}"
        self._described = {
            "Content-Type": MEDIA_TYPE,
            f"x-goog-meta-{STAGE_METADATA}": token,
        }
        self._upload_id = ""

    def begin(self) -> None:
        """Initiate the multipart upload."""
        begun = send(self._session, "POST", f"{self._url}?uploads", headers=self._described)
        self._upload_id = text_of(begun, "UploadId")

    def send(self, number: int, content: bytes) -> tuple[int, str]:
        """Upload one part, and return what the list of parts says of it."""
        sent = self._put_whole(content, {}, self._part(partNumber=number))
        return number, sent.headers["ETag"]

    def complete(self, parts: Sequence[tuple[int, str]]) -> None:
        """Complete the upload."""
        root = Element("CompleteMultipartUpload")
        for number, etag in parts:
            part = SubElement(root, "Part")
            SubElement(part, "PartNumber").text = str(number)
            SubElement(part, "ETag").text = etag
        send(self._session, "POST", self._url, params=self._part(), data=tostring(root))

    def put(self, content: bytes) -> None:
        """Put the object."""
        condition = {"x-goog-if-generation-match": "0"} if self.is_exclusive else {}
        self._put_whole(content, {**self._described, **condition}, {})

    def abort(self) -> None:
        """Abort the upload; what stays where Google does not answer is swept."""
        with suppress(*self.failures):
            send(self._session, "DELETE", self._url, params=self._part(), expected=(200, 204, 404))

    def may_be_done(self, error: Exception) -> bool:
        """Return whether there was no answer, or one to a second try."""
        refused = refused_by(error)
        status = None if refused is None else int(refused.code or 0)
        return status is None or status >= 500 or status in _MAY_BE_DONE

    def is_ours(self) -> bool:
        """Return whether the object that is there has the stage's token."""
        with suppress(*self.failures):
            found = send(self._session, "HEAD", self._url)
            return found.headers.get(f"x-goog-meta-{STAGE_METADATA}") == self._token
        return False

    def _part(self, **fields: Any) -> dict[str, Any]:  # Any: parameters of a request
        return {**fields, "uploadId": self._upload_id}

    def _put_whole(
        self, content: bytes, headers: dict[str, str], params: dict[str, Any]
    ) -> "Response":
        """Send bytes that Google compares with their checksum, again where they differ."""
        checked = {**headers, "x-goog-hash": f"crc32c={encoded(google_crc32c.Checksum(content))}"}

        def attempt() -> "Response":
            try:
                return send_once(
                    self._session, "PUT", self._url, params=params, data=content, headers=checked
                )
            except BadRequest as error:
                if code_of(error) != "BadDigest":
                    raise
                raise DamagedError(
                    f"what was sent to {self._url} has arrived damaged every time. Check what is "
                    "between this machine and Google"
                ) from error

        return self._session.retry(attempt)()


def encoded(checksum: "google_crc32c.Checksum") -> str:
    """Return a checksum as headers have it."""
    return base64.b64encode(checksum.digest()).decode()
