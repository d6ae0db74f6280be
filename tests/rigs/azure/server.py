"""Starts the rig's processes: Azurite for the data, and one for Azure's control planes."""

from pathlib import Path

from glacier.config import AzureConfig
from tests.rigs.azure.azurite import Azurite
from tests.rigs.azure.identity import HEADER, PATH
from tests.rigs.process import RigProcess, without

SUBSCRIPTION = "33333333-3333-3333-3333-333333333333"


class AzureServer(RigProcess):
    """One Azure for a test run; its endpoint is that of Resource Manager and all that is no data.

    Args:
        directory: Where its logs lie.
        azurite: The storage account.
    """

    def __init__(self, directory: Path, azurite: Azurite) -> None:
        self.azurite = azurite
        environment = {**without("AZURE_"), **azurite.environment}
        super().__init__("tests.rigs.azure.app", directory / "azure.log", environment)

    @property
    def environment(self) -> dict[str, str]:
        """What a machine with a managed identity has, beside the storage account's variables."""
        return {
            **self.azurite.environment,
            "AZURE_SUBSCRIPTION_ID": SUBSCRIPTION,
            "AZURE_RESOURCE_MANAGER_ENDPOINT": self.endpoint,
            **self.identity,
        }

    @property
    def identity(self) -> dict[str, str]:
        """The variables by which azure-identity finds the managed identity."""
        return {"IDENTITY_ENDPOINT": f"{self.endpoint}{PATH}", "IDENTITY_HEADER": HEADER}

    def config(self, **fields: object) -> AzureConfig:
        """Return a config that reaches it; the environment has to have `identity`."""
        return self.azurite.config(
            **{"subscription_id": SUBSCRIPTION, "management_endpoint": self.endpoint, **fields}
        )
