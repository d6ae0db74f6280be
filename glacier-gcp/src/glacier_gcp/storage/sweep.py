"""Multipart uploads to Cloud Storage that a killed process has left.

Resumable ones need none of it: Google drops what nobody ends after a week.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from glacier.uploads.sweep import OpenUpload, sweep_once
from glacier_gcp.http import send_once, xml_of
from glacier_gcp.storage.upload import GcsObject

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    from glacier_gcp.session import GcpSession


def sweep(session: "GcpSession", bucket_name: str, root: str) -> None:
    """Abort the old uploads of a place, once in a process.

    It takes the rights to list and to abort uploads, which roles for objects have but for those
    that only create or only read them.

    Args:
        session: Whose identity asks.
        bucket_name: The bucket.
        root: The key of a single file, or with a trailing `/` the prefix of many.
    """
    url = f"{session.storage_endpoint}/{bucket_name}"

    def listed() -> Iterator[OpenUpload]:
        after: dict[str, str] = {}
        while True:
            page = send_once(session, "GET", f"{url}?uploads", params={"prefix": root, **after})
            found = xml_of(page)
            yield from map(_upload_of, found.findall("{*}Upload"))
            if found.findtext("{*}IsTruncated") != "true":
                return
            after = {
                "key-marker": found.findtext("{*}NextKeyMarker", ""),
                "upload-id-marker": found.findtext("{*}NextUploadIdMarker", ""),
            }

    def abort(upload: OpenUpload) -> None:
        send_once(
            session,
            "DELETE",
            f"{url}/{quote(upload.key)}",
            params={"uploadId": upload.upload_id},
            expected=(200, 204, 404),
        )

    place = (session.storage_endpoint, bucket_name, root)
    sweep_once(place, listed, abort, failures=GcsObject.failures)


def _upload_of(element: "Element") -> OpenUpload:
    key, upload_id, begun = (
        element.findtext(f"{{*}}{name}", "") for name in ("Key", "UploadId", "Initiated")
    )
    return OpenUpload(key, upload_id, datetime.fromisoformat(begun))
