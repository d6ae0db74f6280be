"""What the tests of Google Cloud share."""

from pathlib import Path

import pytest

from glacier import Provider
from tests.glacier_gcp.objects import Objects
from tests.projects import Project
from tests.rigs.gcp.server import GcpServer


@pytest.fixture
def provider(gcp_server: GcpServer) -> Provider:
    """A project on the rig's server, as its owner."""
    return Provider(config=gcp_server.config())


@pytest.fixture
def lake(gcp_server: GcpServer) -> Objects:
    """A new and empty bucket."""
    return Objects(gcp_server)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A user's project, whose modules can be imported."""
    monkeypatch.syspath_prepend(tmp_path / "project")
    return Project(tmp_path / "project")
