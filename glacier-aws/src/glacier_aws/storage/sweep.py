"""Uploads that a killed process has left: nobody sees them, but they are paid for."""

import logging
import re
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LEAST_AGE = timedelta(hours=24)
"""The age from which an upload counts as left; its writer could still be at work before."""

_OWN_NAME = re.compile(r"[0-9a-f]{16}(-[0-9a-f]{8,})?(\.[^/]+)?")
"""The names of a dataset's files: the token of their stage, a number, a suffix."""

logger = logging.getLogger("glacier.aws")
_swept: set[tuple[str, str, str]] = set()
_lock = threading.Lock()


def sweep_once(client: "S3Client", bucket_name: str, root: str) -> None:
    """Abort the uploads that were left at a place, the first time that this process asks.

    It costs one listing. That it may not list, or can't just now, is no failure: there is a next
    time, and a lifecycle rule does the same.

    Args:
        client: The client of S3.
        bucket_name: The bucket.
        root: The key of a single file, or with a trailing `/` the prefix of many.
    """
    place = (client.meta.endpoint_url, bucket_name, root)
    with _lock:
        if place in _swept:
            return
        _swept.add(place)
    try:
        sweep(client, bucket_name, root)
    except (BotoCoreError, ClientError) as error:
        logger.debug("Old uploads at s3://%s/%s can't be swept: %s", bucket_name, root, error)


def sweep(client: "S3Client", bucket_name: str, root: str) -> None:
    """Abort the uploads of a single file, or of a dataset's files as Glacier names them.

    Raises:
        ClientError: S3 refuses to list or to abort them.
    """
    oldest = datetime.now(UTC) - LEAST_AGE
    pages = client.get_paginator("list_multipart_uploads").paginate(Bucket=bucket_name, Prefix=root)
    for page in pages:
        for upload in page.get("Uploads", ()):
            if upload["Initiated"] < oldest and _is_own(upload["Key"], root):
                client.abort_multipart_upload(
                    Bucket=bucket_name, Key=upload["Key"], UploadId=upload["UploadId"]
                )


def _is_own(key: str, root: str) -> bool:
    if not root.endswith("/"):
        return key == root
    return _OWN_NAME.fullmatch(key.rpartition("/")[2]) is not None
