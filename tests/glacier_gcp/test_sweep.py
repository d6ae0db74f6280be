"""Uploads to Cloud Storage that were left are aborted by the next write to their place."""

from collections.abc import Iterator

import pytest

from glacier import Provider
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Answer, Exchange, Proxy
from tests.stores.sweep_cases import ROWS, SweepsOnStores

PAGE = (
    b"<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
    b"<NextKeyMarker>a b</NextKeyMarker><NextUploadIdMarker>id</NextUploadIdMarker>"
    b"</ListMultipartUploadsResult>"
)


def page(exchange: Exchange) -> None:
    """Answer with what is no list of uploads, as an emulator or a gateway may."""
    text = b"<html><br></html>"
    exchange.send(Answer(200, [("Content-Length", str(len(text)))], text))


def first_page(exchange: Exchange) -> None:
    """Answer with a page of uploads after which there are more."""
    exchange.send(Answer(200, [("Content-Length", str(len(PAGE)))], PAGE))


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

    def test_sweep_that_is_not_understood_is_no_failure_of_a_write(
        self, proxy: Proxy, through: Provider, objects: Objects
    ) -> None:
        listed = proxy.on(page, query="^uploads")

        through.bucket(objects.name, "f.parquet").write(ROWS)

        assert listed.played == 1
        assert objects.keys() == ["f.parquet"]

    def test_uploads_of_all_pages_are_swept(
        self, server: GcpServer, objects: Objects, proxy: Proxy, through: Provider
    ) -> None:
        objects.begin("f.parquet")
        server.age_uploads(hours=25)
        proxy.on(first_page, query="^uploads", times=1)

        through.bucket(objects.name, "f.parquet").write(ROWS)

        listings = [one.query for one in proxy.requests if one.query.startswith("uploads")]
        assert listings == [
            "uploads&prefix=f.parquet",
            "uploads&prefix=f.parquet&key-marker=a+b&upload-id-marker=id",
        ]
        assert objects.uploads() == []
