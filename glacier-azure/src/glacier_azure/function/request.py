"""What a function app has to be, as Resource Manager's own requests say it: pure functions.

`deploy()` and Terraform both start from here, so that they build the same app.
"""

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, cast

from glacier.errors import FunctionError
from glacier.jobs.handler_code import refuse_secrets
from glacier.overrides import overridden
from glacier_azure.config import AzureConfig, AzureFunctionConfig

if TYPE_CHECKING:
    from glacier.resources import Serverless
    from glacier_azure.storage.access import StorageAccount

ROUTE = "invoke"
"""The function of the app that is called over HTTP, and its route below `/api/`."""

TIMER = "scheduled"
"""The function of the app that its schedule calls."""

DIGEST_TAG = "glacier-package"
"""The tag of an app that holds the digest of the zip that it runs."""

AGAINST_SCHEDULE = (f"AzureWebJobs.{TIMER}.Disabled", "WEBSITE_TIME_ZONE")
"""The app settings by which a schedule does not fire, or at the times of another place:
https://learn.microsoft.com/azure/azure-functions/disable-function
https://learn.microsoft.com/azure/azure-functions/functions-app-settings#website_time_zone"""

OWN_SETTINGS = "GLACIER_SETTINGS"
"""The app setting that lists those that Glacier has made, so that it removes no others."""

HOST_CONTAINERS = ("azure-webjobs-hosts", "azure-webjobs-secrets")
"""Where the host of Azure Functions keeps its locks and keys, in the account of
`AzureWebJobsStorage`."""

PYTHONS = ("3.11", "3.12", "3.13")
"""What Azure runs, of what Glacier and Polars run on:
https://learn.microsoft.com/azure/azure-functions/supported-languages"""

FLEX_SKU = {"name": "FC1", "tier": "FlexConsumption"}
_PREMIUM_TIER = "ElasticPremium"
_LONGEST_CONTAINER_NAME = 63
_DIGEST_CHARACTERS = 8


def config_of(function: "Serverless") -> AzureFunctionConfig:
    """Return a function's config, with the defaults where it has none."""
    return cast("AzureFunctionConfig", function.config or AzureFunctionConfig())


def python_of(function: "Serverless") -> str:
    """Return the version of Python that a function's runtime has, such as `3.11`.

    Raises:
        FunctionError: Azure does not run it, or it is none of Python.
    """
    found = re.fullmatch(r"python(\d+\.\d+)", function.runtime)
    if found is None or found[1] not in PYTHONS:
        problem = (
            f"Azure Functions and Polars have Python {', '.join(PYTHONS)} in common"
            if found
            else "handlers are Python functions"
        )
        raise FunctionError(
            f"The function {function.function_name!r} asks for the runtime {function.runtime!r}: "
            f"{problem}. Use runtime='python3.11', or a later one of these.",
            function_name=function.function_name,
            runtime=function.runtime,
        )
    return found[1]


def container_name(function: "Serverless") -> str:
    """Return the name of the container that holds the code of an app on Flex Consumption."""
    name = function.function_name
    slug = f"function-{re.sub('-+', '-', name.lower())}"
    if slug == f"function-{name.lower()}" and len(slug) <= _LONGEST_CONTAINER_NAME:
        return slug
    digest = hashlib.sha256(name.lower().encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{slug[: _LONGEST_CONTAINER_NAME - _DIGEST_CHARACTERS - 1].rstrip('-')}-{digest}"


def is_flex(function: "Serverless") -> bool:
    """Return whether a function's app is on Flex Consumption."""
    return config_of(function).plan == "flex_consumption"


def plan_request(function: "Serverless") -> dict[str, Any]:
    """Return the body of the request that makes the plan of an app, which has the app's name.

    `overrides` are merged last.
    """
    config = config_of(function)
    premium = {"name": config.premium_size, "tier": _PREMIUM_TIER}
    request = {
        "location": _azure(function).location,
        "kind": "functionapp" if is_flex(function) else "elastic",
        "sku": dict(FLEX_SKU) if is_flex(function) else premium,
        "properties": {"reserved": True},  # Linux
        "tags": dict(function.provider.tags),
    }
    return overridden(request, config.overrides.get("serverfarms", {}))


def site_request(function: "Serverless", plan_id: str, blob_endpoint: str) -> dict[str, Any]:
    """Return the body of the request that makes an app, `overrides` merged last.

    Args:
        function: The function.
        plan_id: The plan's id.
        blob_endpoint: The address of the storage account's blobs.

    Raises:
        FunctionError: A runtime that Azure does not have, or a secret among the settings.
    """
    properties = {"serverFarmId": plan_id, "httpsOnly": True, **_hosting(function, blob_endpoint)}
    request = {
        "location": _azure(function).location,
        "kind": "functionapp,linux",
        "identity": {"type": "SystemAssigned"},
        "properties": properties,
        "tags": dict(function.provider.tags),
    }
    found = overridden(request, config_of(function).overrides.get("sites", {}))
    refuse_secrets(function, "settings", json.dumps(found, default=str).encode())
    return found


def app_settings(function: "Serverless", account: "StorageAccount") -> dict[str, str]:
    """Return the app settings, `environment` of the config among them.

    Args:
        function: The function.
        account: The storage account.

    Raises:
        FunctionError: One of them holds a secret.
    """
    settings = {
        **_host_storage(account),
        **_provider_variables(function, account.name),
    }
    if not is_flex(function):  # which knows these from its request, and refuses them here
        settings["FUNCTIONS_EXTENSION_VERSION"] = "~4"
        settings["FUNCTIONS_WORKER_RUNTIME"] = "python"
        settings["ENABLE_ORYX_BUILD"] = "true"
        settings["SCM_DO_BUILD_DURING_DEPLOYMENT"] = "true"
    settings |= config_of(function).environment
    refuse_secrets(function, "environment", json.dumps(settings).encode())
    return {**settings, OWN_SETTINGS: ",".join(sorted(settings))}


def scale_of(function: "Serverless") -> dict[str, Any]:
    """Return how far an app on Flex Consumption scales, in Resource Manager's words."""
    config = config_of(function)
    ready = [{"name": "http", "instanceCount": config.always_ready}] if config.always_ready else []
    # None of them is told too: else those of a former config would stay.
    scale: dict[str, Any] = {"instanceMemoryMB": config.memory_mb, "alwaysReady": ready}
    if config.max_instances is not None:
        scale["maximumInstanceCount"] = config.max_instances
    return scale


def _hosting(function: "Serverless", blob_endpoint: str) -> dict[str, Any]:
    config, python = config_of(function), python_of(function)
    if not is_flex(function):
        site: dict[str, Any] = {"linuxFxVersion": f"Python|{python}"}
        if config.always_ready:
            site["minimumElasticInstanceCount"] = config.always_ready
        if config.max_instances is not None:
            site["functionAppScaleLimit"] = config.max_instances
        return {"siteConfig": site}
    storage = {
        "type": "blobContainer",
        "value": f"{blob_endpoint}/{container_name(function)}",
        "authentication": {"type": "SystemAssignedIdentity"},
    }
    return {
        "functionAppConfig": {
            "deployment": {"storage": storage},
            "runtime": {"name": "python", "version": python},
            "scaleAndConcurrency": scale_of(function),
        }
    }


def _host_storage(account: "StorageAccount") -> dict[str, str]:
    """Return where the host keeps its own; by the app's identity, so that no key is kept anywhere.

    https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity
    """
    if account.is_usual:
        return {"AzureWebJobsStorage__accountName": account.name}
    services = ("blob", "queue", "table")
    return {
        f"AzureWebJobsStorage__{service}ServiceUri": account.endpoint.replace(
            f"{account.name}.blob.", f"{account.name}.{service}."
        )
        for service in services
    }


def _provider_variables(function: "Serverless", account: str) -> dict[str, str]:
    """Return the variables by which `AzureConfig.from_env` describes the function's provider."""
    config = _azure(function)
    found = {
        "AZURE_RESOURCE_GROUP": config.resource_group,
        "AZURE_LOCATION": config.location,
        "AZURE_SUBSCRIPTION_ID": config.subscription_id,
        "AZURE_STORAGE_ACCOUNT": account,
        "AZURE_STORAGE_ENDPOINT": config.endpoint,
        "AZURE_RESOURCE_MANAGER_ENDPOINT": config.management_endpoint,
    }
    return {name: value for name, value in found.items() if value}


def _azure(function: "Serverless") -> AzureConfig:
    return cast("AzureConfig", function.provider.config)
