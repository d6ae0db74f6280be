"""The configs of the toy platform."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import Field

from glacier.config import ProviderConfig, ResourceConfig


class ToyConfig(ProviderConfig):
    """The toy platform: buckets below a directory of this machine, which `TOY_HOME` names."""

    region: str
    """The part of the store that holds the buckets; regions share nothing.
    Environment variable: `TOY_REGION`. Maps to the first directory of every path."""

    locked_buckets: tuple[str, ...] = ()
    """The names of buckets that this identity may not touch. Maps to `locked` of the
    filesystem."""

    staging: str | None = "staging"
    """The bucket through which jobs travel where a provider names none. Maps to nothing: it is a
    bucket like others."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Return the config of the region that `TOY_REGION` names."""
        return cls(region=(os.environ if environ is None else environ)["TOY_REGION"])


class ToyBucketConfig(ResourceConfig):
    """A bucket of the toy platform."""

    prefix: str = ""
    """A directory, ending in `/`, that the bucket lies in; shown in its URI. Maps to a part of
    every path."""


class ToyExecutorConfig(ResourceConfig):
    """An executor that runs every job in a process of its own, on any platform."""

    environment: dict[str, str] = Field(default_factory=dict)
    """Variables that every job gets; a job's own win. Maps to the process's environment."""

    most_at_once: int | None = None
    """How many jobs run at a time; the others wait. None for all. Maps to a count of processes."""
