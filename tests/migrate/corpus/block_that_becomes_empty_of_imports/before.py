from typing import TYPE_CHECKING

from glacier import Bucket

if TYPE_CHECKING:
    # Only types.
    from glacier.resources.aws import S3Bucket


def read(bucket: "S3Bucket") -> Bucket:
    return bucket
