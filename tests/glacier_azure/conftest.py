"""What the tests of Azure share."""

import pytest

from tests.rigs.azure.server import AzureServer


@pytest.fixture
def synapse(azure_server: AzureServer, monkeypatch: pytest.MonkeyPatch) -> AzureServer:
    """The rig's Azure, asked by the managed identity of this environment."""
    for name, value in azure_server.identity.items():
        monkeypatch.setenv(name, value)
    return azure_server
