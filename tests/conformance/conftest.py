"""The rigs that the shared cases run against here."""

import os
from pathlib import Path

import pytest
from glacier_toy import ToyConfig, ToyExecutorConfig

from glacier.config import LocalConfig
from glacier.provider import Provider
from glacier.resources import Bucket, Executor, Serverless
from glacier.resources.serverless import Handler
from glacier.testing import Rig


class LocalRig(Rig):
    """This machine."""

    def __init__(self, base_path: Path) -> None:
        self._base_path = base_path

    def provider(self) -> Provider:
        return Provider(config=LocalConfig(base_path=self._base_path))

    def make_unreadable(self, bucket: Bucket) -> Bucket:
        directory = self._base_path / bucket.bucket_name / "secret"
        directory.chmod(0)
        if os.access(directory, os.R_OK):
            pytest.skip("this user may read everything")
        return bucket

    def serverless(self, handler: Handler) -> Serverless:
        function = self.provider().serverless("function", handler)
        function.deploy()
        return function

    def executor(self, *, most_at_once: int | None = None) -> Executor:
        config = LocalConfig(base_path=self._base_path, max_concurrent_jobs=most_at_once)
        return self.provider().executor("jobs", config=config)


class ToyRig(Rig):
    """The platform of a third party."""

    formats = ("parquet", "csv", "ndjson", "ipc")
    native = False

    def provider(self) -> Provider:
        return Provider(config=ToyConfig(region="attic"))

    def make_unreadable(self, bucket: Bucket) -> Bucket:
        stranger = ToyConfig(region="attic", locked_buckets=(bucket.bucket_name,))
        return Provider(config=stranger).bucket(bucket.bucket_name, bucket.path)

    def executor(self, *, most_at_once: int | None = None) -> Executor:
        return self.provider().executor("jobs", config=ToyExecutorConfig(most_at_once=most_at_once))
