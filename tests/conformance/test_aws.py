"""AWS passes the shared cases, on moto's server."""

from uuid import uuid4

import pytest

from glacier.provider import Provider
from glacier.resources import Serverless
from glacier.resources.serverless import Handler
from glacier.testing import BucketCases, Rig, ServerlessCases, TableCases
from tests.rigs.aws.server import AwsServer


class AwsRig(Rig):
    """An account on the rig's server."""

    def __init__(self, server: AwsServer) -> None:
        self._server = server

    def provider(self) -> Provider:
        return Provider(config=self._server.config())

    def bucket_name(self) -> str:
        name = super().bucket_name()
        self.provider().bucket(name).deploy()
        return name

    def serverless(self, handler: Handler) -> Serverless:
        function = self.provider().serverless(f"function-{uuid4().hex[:8]}", handler)
        function.deploy()
        return function


@pytest.fixture
def rig(aws_server: AwsServer) -> Rig:
    return AwsRig(aws_server)


class TestBucket(BucketCases):
    pass


class TestTable(TableCases):
    pass


class TestServerless(ServerlessCases):
    pass
