"""Looking at objects and deleting them, by the few requests that it takes.

Google's own client for Cloud Storage asks for the bucket too, in a thread of its own, so as to
name its region in traces; roles for objects don't permit that.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import quote

from google.api_core.exceptions import NotFound

from glacier_gcp.answers import answer_of
from glacier_gcp.http import send

if TYPE_CHECKING:
    from glacier_gcp.session import GcpSession


def listed(
    session: "GcpSession", bucket_name: str, prefix: str, most: int | None = None
) -> Iterator[str]:
    """Yield the names of the objects that start with a prefix.

    Args:
        session: Whose identity asks.
        bucket_name: The bucket.
        prefix: What the names start with.
        most: Of how many names one request is made, and no more than that one; all where None.

    Raises:
        GoogleAPIError: Google refuses.
    """
    wanted = {"prefix": prefix, "fields": "items(name),nextPageToken"}
    if most is not None:
        wanted["maxResults"] = str(most)
    while True:
        page = send(session, "GET", f"{_bucket(session, bucket_name)}/o", params=wanted).json()
        for item in page.get("items", ()):
            yield item["name"]
        if most is not None or not page.get("nextPageToken"):
            return
        wanted["pageToken"] = page["nextPageToken"]


def look(session: "GcpSession", bucket_name: str, key: str) -> None:
    """Ask for an object.

    Raises:
        NotFound: It is not there, or the bucket is not.
        GoogleAPIError: Google refuses.
    """
    send(session, "GET", _object(session, bucket_name, key), params={"fields": "name"})


def delete(session: "GcpSession", bucket_name: str, key: str) -> None:
    """Delete an object; nothing happens where it isn't there.

    Raises:
        NotFound: The bucket is not there.
        GoogleAPIError: Google refuses.
    """
    try:
        send(session, "DELETE", _object(session, bucket_name, key))
    except NotFound as error:
        answer = answer_of(error)
        if answer is not None and answer.is_bucket_missing:
            raise


def _bucket(session: "GcpSession", name: str) -> str:
    return f"{session.storage_endpoint}/storage/v1/b/{name}"


def _object(session: "GcpSession", bucket_name: str, key: str) -> str:
    return f"{_bucket(session, bucket_name)}/o/{quote(key, safe='')}"
