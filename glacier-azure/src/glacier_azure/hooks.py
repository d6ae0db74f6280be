"""What this distribution adds to Glacier."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from glacier.hookspecs import hookimpl

if TYPE_CHECKING:
    from glacier.registry import AdapterSpec
    from glacier_azure.config import AzureConfig


@hookimpl
def glacier_register_adapters() -> "Iterable[AdapterSpec]":
    """Register Blob Storage, Azure Functions and Synapse."""
    from glacier.registry import AdapterSpec
    from glacier.resources import Bucket, Executor, Serverless
    from glacier_azure.config import AzureConfig, AzureFunctionConfig, BlobConfig, SynapseConfig

    return [
        AdapterSpec(
            Bucket,
            AzureConfig,
            "glacier_azure.bucket:BlobStorageAdapter",
            (BlobConfig,),
            check="glacier_azure.storage.names:check_bucket",
            extra="azure",
        ),
        AdapterSpec(
            Serverless,
            AzureConfig,
            "glacier_azure.serverless:AzureFunctionAdapter",
            (AzureFunctionConfig,),
            check="glacier_azure.function.names:check_function",
            extra="azure",
        ),
        AdapterSpec(
            Executor,
            SynapseConfig,
            "glacier_azure.executor:SynapseAdapter",
            (SynapseConfig,),
            providers=(AzureConfig,),
            extra="azure",
        ),
    ]


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
