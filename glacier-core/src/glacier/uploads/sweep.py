"""Uploads that a killed process has left: nobody sees them, but they are paid for."""

import logging
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LEAST_AGE = timedelta(hours=24)
"""The age from which an upload counts as left; its writer could still be at work before."""

_OWN_NAME = re.compile(r"[0-9a-f]{16}(-[0-9a-f]{8,})?(\.[^/]+)?")
"""The names of a dataset's files: the token of their stage, a number, a suffix."""

logger = logging.getLogger("glacier.uploads")
_swept: set[tuple[str, ...]] = set()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """An upload that is neither completed nor aborted.

    Attributes:
        key: The key that its object would have.
        upload_id: How the store calls it.
        begun: When it was begun.
    """

    key: str
    upload_id: str
    begun: datetime


def sweep_once(
    place: tuple[str, ...],
    listed: Callable[[], Iterable[OpenUpload]],
    abort: Callable[[OpenUpload], object],
    *,
    failures: tuple[type[Exception], ...],
) -> None:
    """Abort the uploads that were left at a place, the first time that this process asks.

    Those of a single file are aborted, or of a dataset's files as Glacier names them. It costs
    one listing. That the store may not be asked, or can't just now, is no failure: there is a next
    time, and a lifecycle rule does the same.

    Args:
        place: What tells it from others; its last part is the key of a single file, or with a
            trailing `/` the prefix of many.
        listed: Lists the uploads whose keys start with that.
        abort: Aborts one.
        failures: What the store's client raises where a request fails.
    """
    with _lock:
        if place in _swept:
            return
        _swept.add(place)
    oldest = datetime.now(UTC) - LEAST_AGE
    try:
        for upload in listed():
            if upload.begun < oldest and _is_own(upload.key, place[-1]):
                abort(upload)
    except failures as error:
        logger.debug("Old uploads at %s can't be swept: %s", "/".join(place), error)


def _is_own(key: str, root: str) -> bool:
    if not root.endswith("/"):
        return key == root
    return _OWN_NAME.fullmatch(key.rpartition("/")[2]) is not None
