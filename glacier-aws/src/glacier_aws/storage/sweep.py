"""Uploads to S3 that a killed process has left."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from glacier.uploads.sweep import OpenUpload, sweep_once

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def sweep(client: "S3Client", bucket_name: str, root: str) -> None:
    """Abort the old uploads of a place, once in a process.

    Args:
        client: The client of S3.
        bucket_name: The bucket.
        root: The key of a single file, or with a trailing `/` the prefix of many.
    """

    def listed() -> Iterator[OpenUpload]:
        pages = client.get_paginator("list_multipart_uploads")
        for page in pages.paginate(Bucket=bucket_name, Prefix=root):
            for one in page.get("Uploads", ()):
                yield OpenUpload(one["Key"], one["UploadId"], one["Initiated"])

    def abort(upload: OpenUpload) -> None:
        client.abort_multipart_upload(Bucket=bucket_name, Key=upload.key, UploadId=upload.upload_id)

    place = (client.meta.endpoint_url, bucket_name, root)
    sweep_once(place, listed, abort, failures=(BotoCoreError, ClientError))
