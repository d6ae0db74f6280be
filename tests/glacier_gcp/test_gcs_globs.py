"""Globs on Cloud Storage."""

import pytest

from glacier import Bucket, Provider
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import GcpServer
from tests.stores.globs import GlobsOnStores, fill


@pytest.fixture(scope="module")
def globbed(gcp_server: GcpServer) -> Bucket:
    return fill(Provider(config=gcp_server.config()), Objects(gcp_server).name)


class TestGlobs(GlobsOnStores):
    pass


def test_directory_of_a_console_is_no_object(gcp_server: GcpServer) -> None:
    objects = Objects(gcp_server)
    objects.put("sales/", b"")
    provider = Provider(config=gcp_server.config())

    assert not provider.bucket(objects.name, "sales/").exists()
    assert provider.bucket(objects.name, "sales/").list() == []
