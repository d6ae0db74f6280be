from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glacier import Provider


def source(provider: Provider):
    return provider.bucket("my-data")


def make() -> Provider:
    from glacier import Provider
    from glacier.config import AwsConfig

    return Provider(config=AwsConfig(region="us-east-1"))


make()
