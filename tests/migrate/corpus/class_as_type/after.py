from typing import Type

from glacier.providers import AWSProvider, LocalProvider


def make(kind: type[AWSProvider] | Type[LocalProvider], other: "type[AWSProvider]"):
    return kind
