"""What batches print.

The API tells of Livy's log alone: how a batch was started, and not what it prints. That is in a
blob of staging, which the launcher appends to; where it never got so far, Livy's log is all there
is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glacier.jobs.stored_log import StoredLog

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient


@dataclass(frozen=True, slots=True)
class BatchLog(StoredLog):
    """The log of one batch.

    Attributes:
        blob: What the launcher appends to.
        livy: The lines of Livy's log, of a batch that has failed.
    """

    blob: "BlobClient"
    livy: Sequence[str]

    def size(self) -> int:
        """Return how many bytes are there."""
        return int(self.blob.get_blob_properties().size) if self.blob.exists() else 0

    def read(self, begin: int, end: int) -> bytes:
        """Return the bytes from `begin` to before `end`, at least one."""
        return bytes(self.blob.download_blob(begin, end - begin).readall())

    def preface(self) -> str:
        """Return Livy's log."""
        return "".join(f"{line.rstrip()}\n" for line in self.livy)
