"""Objects as blocks of a blob, which nobody sees before their list is committed."""

import base64
import hashlib
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob import BlobBlock, StandardBlobTier

from glacier.uploads.multipart import MultipartObject
from glacier_azure.errors import code_of

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

STAGE_METADATA = "glacier_stage"
"""The metadata of a blob that tells which stage has written it; Azure takes no hyphen there."""

_ID_BYTES = 24
_LEAST_ID_BYTES = 8
_MAY_BE_DONE = {"BlobAlreadyExists", "ConditionNotMet", "InvalidBlockList"}
"""What Azure says to a second try of what it has done already."""


class BlockBlob(MultipartObject):
    """One blob; what is smaller than a part needs no blocks.

    Blocks lie under the blob's very name, and Azure drops those that nobody commits: seven days
    after the last of them, or when somebody else writes the blob.

    Args:
        client: The client of the blob.
        token: The stage's token, which the blob carries.
        tier: The access tier to write to; None for the account's own.
    """

    failures: ClassVar[tuple[type[Exception], ...]] = (AzureError, OSError)

    def __init__(self, client: "BlobClient", token: str, tier: str | None) -> None:
        self._client = client
        self._token = token
        self._settings: Any = {} if tier is None else {"standard_blob_tier": StandardBlobTier(tier)}
        self._id_bytes = _ID_BYTES
        self._lock = threading.Lock()  # of the length of ids

    def begin(self) -> None:
        """Do nothing: the first block begins it."""

    def send(self, number: int, content: bytes) -> str:
        """Send one block, and return its id."""
        try:
            return self._staged(number, content)
        except HttpResponseError as error:
            if code_of(error) != "InvalidBlobOrBlock" or not self._fit_to_others():
                raise
        return self._staged(number, content)

    def complete(self, parts: Sequence[str], *, is_exclusive: bool) -> None:
        """Commit the list of blocks."""
        if is_exclusive:
            condition: Any = {"etag": "*", "match_condition": MatchConditions.IfMissing}
        else:
            condition = {}
        self._client.commit_block_list(
            [BlobBlock(block_id=one) for one in parts],
            metadata=self._metadata,
            **self._settings,
            **condition,
        )

    def put(self, content: bytes, *, is_exclusive: bool) -> None:
        """Put the blob."""
        self._client.upload_blob(
            content,
            length=len(content),
            overwrite=not is_exclusive,
            metadata=self._metadata,
            max_concurrency=1,
            **self._settings,
        )

    def abort(self) -> None:
        """Do nothing: blocks can't be taken back, and Azure drops them."""

    def may_be_done(self, error: Exception) -> bool:
        """Return whether there was no answer, or one that a second try gets."""
        if not isinstance(error, HttpResponseError) or error.status_code is None:
            return True
        return error.status_code >= 500 or code_of(error) in _MAY_BE_DONE

    def is_ours(self) -> bool:
        """Return whether the blob that is there has the stage's token."""
        with suppress(*self.failures):
            found = self._client.get_blob_properties().metadata or {}
            return found.get(STAGE_METADATA) == self._token
        return False

    @property
    def _metadata(self) -> dict[str, str]:
        return {STAGE_METADATA: self._token}

    def _staged(self, number: int, content: bytes) -> str:
        block_id = self._id_of(number)
        self._client.stage_block(block_id, content, length=len(content))
        return block_id

    def _id_of(self, number: int) -> str:
        """Return the id of a block, which no other stage's block has."""
        digest = hashlib.sha512(f"{self._token}-{number}".encode()).digest()
        return base64.b64encode(digest[: self._id_bytes]).decode()

    def _fit_to_others(self) -> bool:
        """Take on the length of the ids of blocks that others have left, and return if that helps.

        All uncommitted blocks of a blob need ids of one length:
        https://learn.microsoft.com/rest/api/storageservices/put-block
        """
        with self._lock:
            _, others = self._client.get_block_list("uncommitted")
            lengths = {len(base64.b64decode(one.id)) for one in others}
            if len(lengths) != 1 or min(lengths) < _LEAST_ID_BYTES:
                return False
            self._id_bytes = lengths.pop()
            return True
