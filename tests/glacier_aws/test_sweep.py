"""Uploads to S3 that were left are aborted by the next write to their place."""

from collections.abc import Iterator

import pytest

from glacier import Provider
from tests.glacier_aws.objects import Objects
from tests.rigs.aws.server import AwsServer
from tests.rigs.proxy import Proxy
from tests.stores.sweep_cases import SweepsOnStores


class TestSweeps(SweepsOnStores):
    @pytest.fixture
    def server(self, aws_server: AwsServer) -> AwsServer:
        return aws_server

    @pytest.fixture
    def objects(self, server: AwsServer) -> Objects:
        return Objects(server)

    @pytest.fixture
    def provider(self, server: AwsServer) -> Provider:
        return Provider(config=server.config())

    @pytest.fixture
    def proxy(self, server: AwsServer) -> Iterator[Proxy]:
        with Proxy(server.endpoint) as made:
            yield made

    @pytest.fixture
    def through(self, server: AwsServer, proxy: Proxy) -> Provider:
        return Provider(config=server.config(endpoint_url=proxy.endpoint))
