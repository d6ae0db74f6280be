"""Function apps as blocks of Terraform, from what `deploy()` asks for too.

Their code is none of Terraform's business: what its provider would send it by fails on Flex
Consumption, so `deploy()` brings it once the app is there.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from glacier.overrides import overridden
from glacier.terraform import Block, Ref, Text
from glacier_azure.function.request import (
    DIGEST_TAG,
    app_settings,
    config_of,
    container_name,
    is_flex,
    plan_request,
    python_of,
    scale_of,
)
from glacier_azure.function.roles import own_containers
from glacier_azure.session import session_of
from glacier_azure.terraform.blocks import Body, Description
from glacier_azure.terraform.bucket import account_blocks

if TYPE_CHECKING:
    from glacier.resources import Serverless
    from glacier.terraform import Estate

_FLEX, _PREMIUM = "azurerm_function_app_flex_consumption", "azurerm_linux_function_app"
_PLAN, _CONTAINER = "azurerm_service_plan", "azurerm_storage_container"
_OF_THE_PROVIDER = ("AzureWebJobsStorage__", "FUNCTIONS_")
"""How app settings begin that Terraform's provider makes of other arguments of a premium app."""


def function_blocks(estate: "Estate", function: "Serverless") -> Iterator[Block]:
    """Yield an app with its plan, the containers that it needs, and the roles of its identity.

    Args:
        estate: What the adapter was told.
        function: The function.

    Raises:
        ConfigError: The provider's config names no storage account.
        FunctionError: Azure does not have the runtime, or a setting holds a secret.
    """
    name = function.function_name
    of = Description(estate, function)
    yield from account_blocks(estate, of)
    for container in own_containers(function):
        yield of.block(
            _CONTAINER,
            container,
            {
                "name": container,
                "storage_account_id": Ref("azurerm_storage_account", of.account, "id"),
                "container_access_type": "private",
            },
        )
    yield of.block(_PLAN, name, _plan(function, of))
    kind = _FLEX if is_flex(function) else _PREMIUM
    body = _app(function, of)
    yield of.block(
        kind,
        name,
        overridden(body, config_of(function).overrides.get(kind, {})),
        comment="Its code comes by Serverless.deploy(), once this is applied.",
        outputs={f"function_{name}": "default_hostname"},
    )
    principal = Ref(kind, name, "identity[0].principal_id")
    for container, role in own_containers(function).items():
        scope = Ref(_CONTAINER, container, "id")
        yield of.assignment(name, principal, role, scope, where=container)
    yield from of.container_roles(name, principal, estate.access(function))


def _plan(function: "Serverless", of: Description) -> Body:
    body: Body = {
        "name": function.function_name,
        **of.in_group,
        "os_type": "Linux",
        "sku_name": plan_request(function)["sku"]["name"],
        "tags": of.tags,
    }
    return overridden(body, config_of(function).overrides.get(_PLAN, {}))


def _app(function: "Serverless", of: Description) -> Body:
    return {
        "name": function.function_name,
        **of.in_group,
        "service_plan_id": Ref(_PLAN, function.function_name, "id"),
        "https_only": True,
        "identity": {"type": "SystemAssigned"},
        "tags": of.tags,
        "lifecycle": {"ignore_changes": [f'tags["{DIGEST_TAG}"]']},
        **(_flex(function, of) if is_flex(function) else _premium(function, of)),
    }


def _flex(function: "Serverless", of: Description) -> Body:
    scale = scale_of(function)
    ready = [
        {"name": one["name"], "instance_count": one["instanceCount"]}
        for one in scale["alwaysReady"]
    ]
    endpoint = Ref("azurerm_storage_account", of.account, "primary_blob_endpoint")
    container = Ref(_CONTAINER, container_name(function), "name")
    return {
        "runtime_name": "python",
        "runtime_version": python_of(function),
        "instance_memory_in_mb": scale["instanceMemoryMB"],
        "maximum_instance_count": scale.get("maximumInstanceCount"),
        "always_ready": ready or None,
        "storage_container_type": "blobContainer",
        "storage_container_endpoint": Text((endpoint, container)),
        "storage_authentication_type": "SystemAssignedIdentity",
        "app_settings": app_settings(function, session_of(of.config).account),
        "site_config": {},
    }


def _premium(function: "Serverless", of: Description) -> Body:
    config = config_of(function)
    settings = app_settings(function, session_of(of.config).account)
    return {
        "storage_account_name": Ref("azurerm_storage_account", of.account, "name"),
        "storage_uses_managed_identity": True,
        "functions_extension_version": settings["FUNCTIONS_EXTENSION_VERSION"],
        "app_settings": {k: v for k, v in settings.items() if not k.startswith(_OF_THE_PROVIDER)},
        "site_config": {
            "application_stack": {"python_version": python_of(function)},
            "elastic_instance_minimum": config.always_ready or None,
            "app_scale_limit": config.max_instances,
        },
    }
