"""The config of the local platform: this machine's disk and this process."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator

from glacier.config.base import ProviderConfig


class LocalConfig(ProviderConfig):
    """Everything on this machine: buckets are directories, functions and jobs run here."""

    base_path: Path | str = Path("./data")
    """The directory that holds the buckets, made on the first write; always a `Path` once made.
    Environment variable: `GLACIER_LOCAL_PATH`. Maps to a directory of this machine; a
    relative one is taken from the working directory at the time the config is used."""

    max_concurrent_jobs: int | None = Field(default=None, ge=1)
    """How many jobs of one executor run at a time; the others wait as PENDING, in the order in
    which they were submitted. None for as many as are submitted. Environment variable: none.
    Maps to processes of this machine."""

    @field_validator("base_path")
    @classmethod
    def _as_path(cls, base_path: Path | str) -> Path:
        if not str(base_path):
            raise ValueError(
                "base_path is empty; expected a directory, such as 'data' or '.' for the "
                "working directory."
            )
        return Path(base_path)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Return the config that `GLACIER_LOCAL_PATH` describes, `./data` where it is unset."""
        path = (os.environ if environ is None else environ).get("GLACIER_LOCAL_PATH")
        return cls(base_path=Path(path)) if path else cls()
