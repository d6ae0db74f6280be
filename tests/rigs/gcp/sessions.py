"""Resumable uploads that are under way."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.rigs.gcp.access import Access
from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.objects import Conditions, StoredObject

UNIT = 256 * 1024
"""Of what is sent before the end, only multiples of it are kept."""


@dataclass(slots=True)
class Session:
    """A resumable upload.

    Attributes:
        size: How many bytes it has.
        made: The object, once it is there.
    """

    caller: Access
    bucket_name: str
    name: str
    fields: dict[str, Any]
    conditions: Conditions
    id: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    size: int = 0
    made: StoredObject | None = None
    is_cancelled: bool = False
    _chunks: list[bytes] = field(default_factory=list)
    _skipped: int = 0

    def seek(self, begin: int | None) -> None:
        """Have what comes next begin at an offset; what is there already is passed over.

        Raises:
            ApiError: There would be a hole before it.
        """
        offset = self.size if begin is None else begin
        if offset > self.size:
            message = (
                "Invalid request.  According to the Content-Range header, the upload offset is "
                f"{offset} byte(s), which exceeds already uploaded size of {self.size} byte(s)."
            )
            raise ApiError(400, "badRequest", message)
        self._skipped = self.size - offset

    def add(self, chunk: bytes) -> None:
        """Take more bytes."""
        rest = chunk[self._skipped :] if self._skipped else chunk
        self._skipped = max(0, self._skipped - len(chunk))
        if rest:
            self._chunks.append(rest)
            self.size += len(rest)

    def cut(self) -> None:
        """Drop what is beyond a multiple of the unit."""
        excess = self.size % UNIT
        self.size -= excess
        while excess:
            last = self._chunks.pop()
            if len(last) > excess:
                self._chunks.append(last[:-excess])
            excess -= min(len(last), excess)

    def finish(self) -> StoredObject:
        """Write the object."""
        data = b"".join(self._chunks)
        self.made = self.caller.write(
            self.bucket_name, self.name, data, self.fields, self.conditions
        )
        self._chunks.clear()
        return self.made
