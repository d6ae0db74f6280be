"""The rig: what the author of an adapter binds so that the shared cases run against it."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from uuid import uuid4

import pytest

from glacier.provider import Provider
from glacier.resources import Bucket, Executor, Serverless
from glacier.resources.serverless import Handler


class Rig(ABC):
    """A platform under test: makes its resources and says what it can do.

    Give it to the cases as the fixture `rig`. A capability that an attribute denies, and a
    test that `known_gaps` names, is expected to fail, and an error once it passes.
    """

    formats: tuple[str, ...] = ("parquet", "csv", "ndjson", "ipc", "delta", "iceberg")
    """The formats whose data the buckets can hold."""

    native: bool = True
    """Whether Polars reads the store itself, by `Location.uri`."""

    supports_append: bool = True
    """Whether files can be added to a dataset."""

    longest_name: int = 240
    """The length in bytes of the longest name of a file."""

    job_seconds: float = 60.0
    """How long a trivial job may take on the executor, its start included."""

    log_seconds: float = 60.0
    """How long it may take until what a running job has printed can be read."""

    known_gaps: Mapping[str, str] = {}
    """Why a test fails, by its name; with its parameters for one of several: `test_x[csv]`."""

    @abstractmethod
    def provider(self) -> Provider:
        """Return a provider for the platform under test."""

    def bucket_name(self) -> str:
        """Return the name of a new and empty bucket, ready to be written to.

        Where buckets come into being with their first file a name is enough, as here.
        """
        return f"glacier-{uuid4().hex}"

    def make_unreadable(self, bucket: Bucket) -> Bucket:
        """Return the bucket as an identity sees it that may not read it; for some, itself.

        A rig that can't take rights away skips the test, as here.
        """
        pytest.skip(f"{type(self).__name__} can't make {bucket!r} unreadable")

    def serverless(self, handler: Handler) -> Serverless:
        """Return a deployed function that calls a handler, which has a module of its own."""
        raise NotImplementedError(f"{type(self).__name__} has to bind serverless(handler)")

    def executor(self, *, most_at_once: int | None = None) -> Executor:
        """Return an executor of the platform under test that has run nothing yet.

        Args:
            most_at_once: How many of its jobs may run at a time; None for the platform's default.
        """
        raise NotImplementedError(f"{type(self).__name__} has to bind executor()")
