from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glacier.providers import AWSProvider


def source(provider: AWSProvider):
    return provider.bucket_source("my-data")


def make() -> AWSProvider:
    from glacier.providers import AWSProvider

    return AWSProvider("us-east-1")


make()
