"""Which lazy frames are scans of buckets, untouched since they were made.

A frame that a task has derived from a scan is another object, and is not found here.
"""

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from glacier.resources.bucket import Bucket


@dataclass(frozen=True, slots=True)
class BucketScan:
    """Where an untouched frame comes from.

    Attributes:
        bucket: The bucket that was scanned.
        options: The options of the scan.
    """

    bucket: "Bucket"
    options: dict[str, Any]


_scans: dict[int, tuple["weakref.ref[pl.LazyFrame]", BucketScan]] = {}


def note_scan(frame: "pl.LazyFrame", bucket: "Bucket", options: dict[str, Any]) -> None:
    """Remember, for as long as the frame lives, that it is a scan of a bucket."""
    key = id(frame)
    reference = weakref.ref(frame, lambda _: _scans.pop(key, None))
    _scans[key] = (reference, BucketScan(bucket, options))


def scan_of(frame: object) -> BucketScan | None:
    """Return which scan a frame is; None for a frame that is none, or that was derived."""
    reference, scan = _scans.get(id(frame), (None, None))
    return scan if reference is not None and reference() is frame else None
