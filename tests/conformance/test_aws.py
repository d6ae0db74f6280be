"""AWS passes the shared cases, on moto's server."""

import pytest

from glacier.provider import Provider
from glacier.testing import BucketCases, Rig, TableCases
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


@pytest.fixture
def rig(aws_server: AwsServer) -> Rig:
    return AwsRig(aws_server)


class TestBucket(BucketCases):
    pass


class TestTable(TableCases):
    pass
