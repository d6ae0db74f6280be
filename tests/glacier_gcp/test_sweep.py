"""Uploads to Cloud Storage that were left are aborted by the next write to their place."""

from collections.abc import Iterator

import pytest

from glacier import Provider
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Proxy
from tests.stores.sweep_cases import SweepsOnStores


class TestSweeps(SweepsOnStores):
    @pytest.fixture
    def server(self, gcp_server: GcpServer) -> GcpServer:
        return gcp_server

    @pytest.fixture
    def objects(self, server: GcpServer) -> Objects:
        return Objects(server)

    @pytest.fixture
    def provider(self, server: GcpServer) -> Provider:
        return Provider(config=server.config())

    @pytest.fixture
    def proxy(self, server: GcpServer) -> Iterator[Proxy]:
        with Proxy(server.endpoint) as made:
            yield made

    @pytest.fixture
    def through(self, server: GcpServer, proxy: Proxy) -> Provider:
        return Provider(config=server.config(endpoint=proxy.endpoint))
