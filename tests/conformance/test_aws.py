"""AWS passes the shared cases, on moto's server."""

from uuid import uuid4

import pytest

from glacier.config import GlueConfig
from glacier.provider import Provider
from glacier.resources import Executor
from glacier.testing import BucketCases, ExecutorCases, Rig, TableCases
from tests.rigs.aws.server import AwsServer


class AwsRig(Rig):
    """An account on the rig's server."""

    job_seconds = 120.0

    def __init__(self, server: AwsServer) -> None:
        self._server = server

    def provider(self) -> Provider:
        return Provider(config=self._server.config())

    def bucket_name(self) -> str:
        name = super().bucket_name()
        self.provider().bucket(name).deploy()
        return name

    def executor(self, *, most_at_once: int | None = None) -> Executor:
        fields = {} if most_at_once is None else {"max_concurrent_runs": most_at_once}
        return self.provider().executor(f"jobs-{uuid4().hex}", config=GlueConfig(**fields))


@pytest.fixture
def rig(aws_server: AwsServer) -> Rig:
    return AwsRig(aws_server)


class TestBucket(BucketCases):
    pass


class TestTable(TableCases):
    pass


class TestExecutor(ExecutorCases):
    pass
