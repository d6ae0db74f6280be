"""What the tests of Google Cloud share."""

from collections.abc import Iterator

import pytest

from glacier import Provider
from tests.glacier_gcp.objects import Objects
from tests.glacier_gcp.uploads import uploads_to
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Proxy
from tests.stores.upload_cases import Make


@pytest.fixture
def provider(gcp_server: GcpServer) -> Provider:
    """A project on the rig's server, as its owner."""
    return Provider(config=gcp_server.config())


@pytest.fixture
def lake(gcp_server: GcpServer) -> Objects:
    """A new and empty bucket."""
    return Objects(gcp_server)


@pytest.fixture
def objects(gcp_server: GcpServer) -> Objects:
    """A new bucket, seen past Glacier."""
    return Objects(gcp_server)


@pytest.fixture
def proxy(gcp_server: GcpServer) -> Iterator[Proxy]:
    """What stands before the rig, and fails as it is told."""
    with Proxy(gcp_server.endpoint) as made:
        yield made


@pytest.fixture
def make(gcp_server: GcpServer, proxy: Proxy, objects: Objects) -> Make:
    """Makes the uploads of a stage, through the proxy, which are tried again for a second."""
    config = gcp_server.config(endpoint=proxy.endpoint, retry_timeout_seconds=1)
    return uploads_to(config, objects.name)
