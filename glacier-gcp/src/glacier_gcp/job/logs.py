"""What drivers print, which Dataproc puts into objects of a bucket.

They are called `driveroutput.000000000` and so on. The last one grows for some time, until the next
one begins.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from google.cloud.storage import Blob

from glacier.jobs.stored_log import StoredLog
from glacier_gcp.session import GcpSession


@dataclass(frozen=True, slots=True)
class DriverLog(StoredLog):
    """The log of one job or batch.

    Attributes:
        session: Whose identity reads it.
        parts: The objects, in their order.
    """

    session: GcpSession
    parts: Sequence[Blob]

    def size(self) -> int:
        """Return how many bytes are there."""
        return sum(int(part.size) for part in self.parts)

    def read(self, begin: int, end: int) -> bytes:
        """Return the bytes from `begin` to before `end`, at least one."""
        pieces, position = [], 0
        for part in self.parts:
            size = int(part.size)
            first, last = max(begin - position, 0), min(end - position, size)
            if first < last:
                pieces.append(self._read_part(part, first, last))
            position += size
        return b"".join(pieces)

    def _read_part(self, part: Blob, begin: int, end: int) -> bytes:
        session = self.session
        # By its name alone: the generation that was listed may be gone since it has grown.
        now = part.bucket.blob(part.name)
        content: bytes = now.download_as_bytes(
            start=begin, end=end - 1, timeout=session.timeout, retry=session.retry
        )
        return content


def driver_parts(session: GcpSession, uri: str) -> list[Blob]:
    """Return the objects that hold what a driver has printed so far.

    Args:
        session: Whose identity reads it.
        uri: What their names begin with, as `gs://bucket/prefix`; empty where none are yet.
    """
    bucket, _, prefix = uri.removeprefix("gs://").partition("/")
    if not bucket:
        return []
    found = session.storage.list_blobs(
        bucket,
        prefix=f"{prefix}.",
        fields="items(name,size),nextPageToken",
        timeout=session.timeout,
        retry=session.retry,
    )
    return sorted(found, key=lambda blob: str(blob.name))
