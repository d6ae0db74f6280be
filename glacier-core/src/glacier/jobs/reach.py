"""What a job's process can read of what its caller reads."""

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from glacier.config.local import LocalConfig
from glacier.storage import RESERVED_PREFIX

if TYPE_CHECKING:
    from glacier.resources import Bucket

_PRIVATE_SCHEMES = {"memory"}


class Reach:
    """Knows which storage the executor of a job shares with the caller.

    That is every store that has a URI, and of this machine's disk what lies below the base path
    if the job itself travels through this machine's disk.

    Args:
        place: The dataset through which the job travels.
    """

    def __init__(self, place: "Bucket") -> None:
        self._place = place.adapter.location().uri
        self._base: str | None = None
        config = place.provider.config
        if isinstance(config, LocalConfig) and _scheme(self._place) == "file":
            self._base = os.path.realpath(config.base_path)

    def reads(self, source: str) -> bool:
        """Return whether the job can read a path or URI."""
        scheme = _scheme(source)
        if scheme != "file":
            return scheme not in _PRIVATE_SCHEMES
        if self._base is None:
            return False
        path = unquote(urlsplit(source).path) if "://" in source else source
        try:
            below = Path(os.path.realpath(path)).relative_to(self._base)
        except ValueError:
            return False
        # What stages hold is on its way to somewhere else.
        return not any(part.startswith(RESERVED_PREFIX) for part in below.parts)

    def reads_bucket(self, bucket: "Bucket") -> bool:
        """Return whether the job can read a bucket."""
        return self.reads(bucket.adapter.location().uri)

    def is_in_place(self, bucket: "Bucket") -> bool:
        """Return whether a bucket is a part of what the job travels through."""
        return bucket.adapter.location().uri.startswith(self._place)


def _scheme(uri: str) -> str:
    scheme, separator, _ = uri.partition("://")
    return scheme.lower() if separator else "file"
