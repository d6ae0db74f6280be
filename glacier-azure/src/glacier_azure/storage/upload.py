"""Objects as blocks of a blob, which nobody sees before their list is committed."""

import base64
import hashlib
import re
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob import BlobBlock, StandardBlobTier

from glacier.errors import WriteError
from glacier.uploads.multipart import MultipartObject
from glacier_azure.errors import code_of

if TYPE_CHECKING:
    from azure.storage.blob import BlobClient

STAGE_METADATA = "glacier_stage"
"""The metadata of a blob that tells which stage has written it; Azure takes no hyphen there."""

_ID_BYTES = 32
_LEAST_ID_BYTES = 8
_MAY_BE_DONE = {"BlobAlreadyExists", "ConditionNotMet"}
"""What Azure says to a second try of what it has done already, where nothing may be replaced."""


class BlockBlob(MultipartObject):
    """One blob; what is smaller than a part needs no blocks.

    Blocks lie under the blob's very name, and Azure drops those that nobody commits: seven days
    after the last of them, or when somebody else writes the blob.

    Args:
        client: The client of the blob.
        uri: How errors call it.
        token: The stage's token, which the blob carries.
        tier: The access tier to write to; None for the account's own.
        is_exclusive: Whether nothing may be replaced.
    """

    failures: ClassVar[tuple[type[Exception], ...]] = (AzureError, OSError)

    def __init__(
        self,
        client: "BlobClient",
        uri: str,
        token: str,
        tier: str | None,
        *,
        is_exclusive: bool = False,
    ) -> None:
        self._client = client
        self._uri = uri
        self._token = token
        self._is_exclusive = is_exclusive
        self._settings: Any = {} if tier is None else {"standard_blob_tier": StandardBlobTier(tier)}
        self._id_bytes = _ID_BYTES
        self._lock = threading.Lock()  # of the length of ids

    def begin(self) -> None:
        """Do nothing: the first block begins it."""

    def send(self, number: int, content: bytes) -> str:
        """Send one block, and return its id.

        Raises:
            WriteError: Blocks are there whose ids are too short for more of their kind.
        """
        try:
            return self._staged(number, content)
        except HttpResponseError as error:
            if code_of(error) != "InvalidBlobOrBlock":
                raise
            self._fit_to_others(error)
        return self._staged(number, content)

    def complete(self, parts: Sequence[str]) -> None:
        """Commit the list of blocks.

        A second try finds the blocks in the blob, if the first one has committed them.

        Raises:
            WriteError: Blocks are gone, since somebody else has written the blob.
        """
        is_exclusive = self._is_exclusive
        condition: Any = {"match_condition": MatchConditions.IfMissing} if is_exclusive else {}
        try:
            self._client.commit_block_list(
                [BlobBlock(block_id=one) for one in parts],
                metadata=self._metadata,
                **self._settings,
                **condition,
            )
        except HttpResponseError as error:
            if code_of(error) != "InvalidBlockList":
                raise
            raise WriteError(
                f"Writing {self._uri} failed: somebody else has written it meanwhile, upon which "
                "Azure drops the blocks of all others. It holds what they wrote; write it again.",
                uri=self._uri,
            ) from error

    def put(self, content: bytes) -> None:
        """Put the blob."""
        self._client.upload_blob(
            content,
            length=len(content),
            overwrite=not self._is_exclusive,
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
        return base64.b64encode(digest).decode()[: self._id_bytes]

    def _fit_to_others(self, error: HttpResponseError) -> None:
        """Take on the length of the ids of blocks that others have left.

        All uncommitted blocks of a blob need ids of one length:
        https://learn.microsoft.com/rest/api/storageservices/put-block
        """
        with self._lock:
            lengths = self._lengths_of_ids()
            if len(lengths) == 1 and min(lengths) >= _LEAST_ID_BYTES:
                self._id_bytes = lengths.pop()
                return
        found = " or ".join(map(str, sorted(lengths))) or "no"
        raise WriteError(
            f"Writing {self._uri} failed and left it as it was: another tool has left uncommitted "
            f"blocks there with ids of {found} bytes, and Azure takes no longer ones beside them. "
            "Delete the blob, or wait until Azure drops them, seven days after the last.",
            uri=self._uri,
        ) from error

    def _lengths_of_ids(self) -> set[int]:
        """Return the lengths in bytes of the ids of all uncommitted blocks.

        They are read from the answer itself: the SDK's blocks don't say if an id is decoded.
        """
        names: list[str] = []

        def note(response: Any) -> None:  # Any: the SDK's own
            names.extend(re.findall("<Name>([^<]+)</Name>", response.http_response.text()))

        self._client.get_block_list("uncommitted", raw_response_hook=note)
        return {len(base64.b64decode(name)) for name in names}
