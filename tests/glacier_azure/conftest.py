"""What the tests of Azure share."""

import pytest

from tests.glacier_azure.functions import make_group
from tests.rigs.azure.server import AzureServer


@pytest.fixture
def azure(azure_server: AzureServer, monkeypatch: pytest.MonkeyPatch) -> AzureServer:
    """The rig with a resource group, as a machine with a managed identity sees it."""
    for name, value in azure_server.identity.items():
        monkeypatch.setenv(name, value)
    make_group(azure_server)
    return azure_server
