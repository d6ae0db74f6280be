"""What is checked before an object is written or lost: its checksums, its holds, its retention."""

import time
from collections.abc import Mapping
from typing import Any

from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.objects import Bucket, StoredObject, encoded, timestamp


def check_hashes(made: StoredObject, fields: Mapping[str, Any]) -> None:
    """Compare the checksums that came with an object.

    Raises:
        ApiError: One differs.
    """
    wanted = fields.get("crc32c")
    if wanted and wanted != made.crc32c:
        raise _wrong_hash("CRC32C", wanted, made.crc32c)
    wanted = fields.get("md5Hash")
    if wanted and made.md5 and wanted != encoded(made.md5):
        raise _wrong_hash("MD5", wanted, encoded(made.md5))


def check_retained(bucket: Bucket, found: StoredObject) -> None:
    """Refuse to lose an object that is held, or in its retention period.

    Raises:
        ApiError: It is.
    """
    for hold in ("temporaryHold", "eventBasedHold"):
        if found.fields.get(hold):
            kind = hold.removesuffix("Hold").capitalize()
            message = (
                f"Object '{bucket.name}/{found.name}' is under active {kind} hold and cannot be "
                "deleted, overwritten or archived until hold is removed."
            )
            raise ApiError(403, "objectUnderActiveHold", message)
    policy = bucket.fields.get("retentionPolicy")
    if not policy:
        return
    until = found.created + int(policy["retentionPeriod"])
    if until > time.time():
        message = (
            f"Object '{bucket.name}/{found.name}' is subject to bucket's retention policy or "
            f"object retention and cannot be deleted or overwritten until {timestamp(until)}"
        )
        raise ApiError(403, "retentionPolicyNotMet", message)


def _wrong_hash(kind: str, wanted: str, found: str) -> ApiError:
    message = f'Provided {kind} hash "{wanted}" doesn\'t match calculated {kind} hash "{found}".'
    return ApiError(400, "invalid", message, code="BadDigest")
