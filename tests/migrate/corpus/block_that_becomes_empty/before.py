from typing import TYPE_CHECKING

from glacier import Bucket, Provider

if TYPE_CHECKING:
    # Only types.
    from glacier.resources.aws import S3Bucket


def make(provider: "Provider"):
    from glacier.resources.aws import S3Bucket

    return S3Bucket("b", provider=provider)


def nothing():
    from glacier import create_bucket
