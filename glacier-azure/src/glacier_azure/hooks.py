"""What this distribution adds to Glacier."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from glacier.hookspecs import hookimpl

if TYPE_CHECKING:
    from glacier_azure.config import AzureConfig


@hookimpl
def glacier_register_configs() -> Mapping[str, str]:
    """Offer the Azure configs by name."""
    return {
        "AzureConfig": "glacier_azure.config:AzureConfig",
        "BlobConfig": "glacier_azure.config:BlobConfig",
        "AzureFunctionConfig": "glacier_azure.config:AzureFunctionConfig",
        "SynapseConfig": "glacier_azure.config:SynapseConfig",
    }


@hookimpl
def glacier_config_from_env(environ: Mapping[str, str]) -> "AzureConfig | None":
    """Claim an environment that sets `AZURE_RESOURCE_GROUP`."""
    if not environ.get("AZURE_RESOURCE_GROUP"):
        return None
    from glacier_azure.config import AzureConfig

    return AzureConfig.from_env(environ)
