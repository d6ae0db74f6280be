"""Objects as uploads of Cloud Storage, which nobody sees before they are completed."""

import base64
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement, tostring

import google_crc32c
from google.api_core.exceptions import GoogleAPIError
from google.auth.exceptions import GoogleAuthError
from requests import RequestException

from glacier.uploads.multipart import MultipartObject
from glacier_gcp.answers import code_of, refused_by
from glacier_gcp.http import send, text_of

if TYPE_CHECKING:
    from google.cloud.storage import Blob

    from glacier_gcp.session import GcpSession

STAGE_METADATA = "glacier-stage"
"""The metadata of an object that tells which stage has written it."""

_MAY_BE_DONE = {"NoSuchUpload", "PreconditionFailed", "conditionNotMet"}
"""What Google says to a second try of what it has done already."""


class DamagedError(OSError):
    """A part has arrived with other bytes than were sent."""


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
        RequestException,
        OSError,
    )
    generation: ClassVar[int | None] = None
    """The generation that has to be there when the object appears; 0 for none, None for any."""

    def __init__(self, session: "GcpSession", bucket_name: str, key: str, token: str) -> None:
        self._session = session
        self._blob: Blob = session.storage.bucket(bucket_name).blob(key)
        self._blob.metadata = {STAGE_METADATA: token}
        self._token = token
        self._url = f"{session.storage_endpoint}/{bucket_name}/{quote(key)}"
        self._upload_id = ""

    def begin(self) -> None:
        """Initiate the multipart upload."""
        begun = send(
            self._session,
            "POST",
            f"{self._url}?uploads",
            headers={f"x-goog-meta-{STAGE_METADATA}": self._token, "Content-Length": "0"},
        )
        self._upload_id = text_of(begun, "UploadId")

    def send(self, number: int, content: bytes) -> tuple[int, str]:
        """Upload one part, and return what the list of parts says of it.

        Raises:
            DamagedError: It arrived with other bytes.
        """
        sent = send(
            self._session, "PUT", self._url, params=self._part(partNumber=number), data=content
        )
        _check_hash(sent.headers.get("x-goog-hash", ""), content, self._url, number)
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
        self._blob.upload_from_string(
            content,
            "application/octet-stream",
            if_generation_match=self.generation,
            timeout=self._session.timeout,
            retry=self._session.retry,
        )

    def abort(self) -> None:
        """Abort the upload; what stays where Google does not answer, a lifecycle rule removes."""
        with suppress(*self.failures):
            send(self._session, "DELETE", self._url, params=self._part())

    def may_be_done(self, error: Exception) -> bool:
        """Return whether there was no answer, or one to a second try."""
        refused = refused_by(error)
        status = None if refused is None else refused.code
        return status is None or status >= 500 or code_of(error) in _MAY_BE_DONE or status == 412

    def is_ours(self) -> bool:
        """Return whether the object that is there has the stage's token."""
        found = self._blob.bucket.blob(self._blob.name)
        with suppress(*self.failures):
            found.reload(timeout=self._session.timeout, retry=self._session.retry)
            return bool((found.metadata or {}).get(STAGE_METADATA) == self._token)
        return False

    def _part(self, **fields: Any) -> dict[str, Any]:  # Any: parameters of a request
        return {**fields, "uploadId": self._upload_id}


def _check_hash(told: str, content: bytes, url: str, number: int) -> None:
    """Compare what Google has received with what was sent.

    Raises:
        DamagedError: They differ.
    """
    own = base64.b64encode(google_crc32c.Checksum(content).digest()).decode()
    hashes = dict(one.strip().split("=", 1) for one in told.split(",") if "=" in one)
    if hashes.get("crc32c", own) != own:
        raise DamagedError(
            f"Part {number} of {url} arrived damaged: its CRC32C is {hashes['crc32c']} there and "
            f"{own} here. Write it again."
        )
