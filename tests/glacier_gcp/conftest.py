"""What the tests of Google Cloud share."""

import pytest

from glacier import Provider
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.server import GcpServer


@pytest.fixture
def provider(gcp_server: GcpServer) -> Provider:
    """A project on the rig's server, as its owner."""
    return Provider(config=gcp_server.config())


@pytest.fixture
def lake(gcp_server: GcpServer) -> Objects:
    """A new and empty bucket."""
    return Objects(gcp_server)
