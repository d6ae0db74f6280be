"""Synapse workspaces and their Spark pools as blocks of Terraform, from `deploy()`'s own settings.

A workspace has a file system of its own, in an account with a hierarchical namespace: the
provider's, where that has one, else an account of the workspace's.
"""

import re
from typing import TYPE_CHECKING, Any, cast

from glacier.access import Access
from glacier.overrides import overridden
from glacier.terraform import Ref, Text
from glacier_azure.iam import CONTRIBUTOR
from glacier_azure.job.definition import pool_properties
from glacier_azure.storage.settings import ACCOUNT, account_settings
from glacier_azure.terraform.blocks import Body, Description
from glacier_azure.terraform.bucket import bucket_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from glacier.resources import Executor
    from glacier.terraform import Block, Estate
    from glacier_azure.config import SynapseConfig

OPERATOR = "Synapse Compute Operator"
"""The role in a workspace that lets an identity submit jobs."""

_LONGEST_ACCOUNT = 24
_SUFFIX = "synapse"


def job_blocks(estate: "Estate", executor: "Executor") -> "Iterator[Block]":
    """Yield the workspace and the pool of an executor, with all that they need.

    The workspace's identity, which jobs run as, may read and write what they have to touch.

    Raises:
        ConfigError: The provider's config names no storage account.
    """
    config, of = cast("SynapseConfig", executor.config), Description(estate, executor)
    staging, access = estate.staging(), estate.access(executor)
    yield of.resource_group()
    yield from bucket_blocks(estate, staging)
    yield from _workspace_blocks(estate, of, config)
    principal = Ref("azurerm_synapse_workspace", config.workspace, "identity[0].principal_id")
    touched = Access((*access.reads, staging), (*access.writes, staging))
    yield from of.container_roles(config.workspace, principal, touched)
    yield of.block(
        "azurerm_synapse_spark_pool",
        f"{config.workspace}_{config.spark_pool}",
        overridden(_pool(config, of), config.overrides.get("azurerm_synapse_spark_pool", {})),
        outputs={f"executor_{executor.name}": "id"},
    )


def _workspace_blocks(
    estate: "Estate", of: Description, config: "SynapseConfig"
) -> "Iterator[Block]":
    """Yield the workspace, its file system, and who may reach and use it."""
    name = config.workspace
    account = of.account
    settings = account_settings(account, estate.settings(ACCOUNT, of.config.storage_account or ""))
    if not settings.hierarchical_namespace:
        account = _account_name(config)
        yield of.block("azurerm_storage_account", account, _account(account, config, of))
    whose = {"storage_account_id": Ref("azurerm_storage_account", account, "id")}
    file_system = "azurerm_storage_data_lake_gen2_filesystem"
    yield of.block(file_system, name, {"name": name, **whose})
    workspace: Body = {
        "name": name,
        **of.in_group,
        "storage_data_lake_gen2_filesystem_id": Ref(file_system, name, "id"),
        # Nobody uses its SQL, which so needs no administrator with a password.
        "azuread_authentication_only": True,
        "identity": {"type": "SystemAssigned"},
        "tags": of.tags,
    }
    kind = "azurerm_synapse_workspace"
    yield of.block(kind, name, overridden(workspace, config.overrides.get(kind, {})))
    here = {"synapse_workspace_id": Ref(kind, name, "id")}
    principal = Ref(kind, name, "identity[0].principal_id")
    # Its file system alone: the account may be the one that holds the data.
    containers = "/blobServices/default/containers/"
    own = Text(
        (Ref("azurerm_storage_account", account, "id"), containers, Ref(file_system, name, "name"))
    )
    yield of.assignment(name, principal, CONTRIBUTOR, own, where=f"{account}_{name}")
    rules = []
    for addresses in config.allowed_addresses:
        first, _, last = addresses.partition("-")
        rule = f"{name}_{addresses}"
        rules.append(Ref("azurerm_synapse_firewall_rule", rule))
        body = {
            "name": f"glacier-{re.sub(r'[^0-9-]', '-', addresses)}",
            "start_ip_address": first,
            "end_ip_address": last or first,
            **here,
        }
        yield of.block("azurerm_synapse_firewall_rule", rule, body)
    for who in config.operators:
        # Roles are given through the workspace's own endpoint, which its firewall guards.
        body = {"role_name": OPERATOR, "principal_id": who, **here, "depends_on": rules or None}
        yield of.block("azurerm_synapse_role_assignment", f"{name}_{who}", body)


def _account_name(config: "SynapseConfig") -> str:
    """Return the name of the workspace's own account, as unique as the workspace's."""
    letters = config.workspace.replace("-", "")
    return f"{letters[: _LONGEST_ACCOUNT - len(_SUFFIX)]}{_SUFFIX}"


def _account(name: str, config: "SynapseConfig", of: Description) -> Body:
    body: Body = {
        "name": name,
        **of.in_group,
        "account_kind": "StorageV2",
        "account_tier": "Standard",
        "account_replication_type": "LRS",
        "is_hns_enabled": True,
        "allow_nested_items_to_be_public": False,
        "tags": of.tags,
    }
    return overridden(body, config.overrides.get("azurerm_storage_account", {}))


def _pool(config: "SynapseConfig", of: Description) -> Body:
    """Return the pool's arguments, from the properties that `deploy()` sends too."""
    properties = pool_properties(config)
    scale, pause = properties.get("autoScale") or {}, properties.get("autoPause") or {}
    body: Body = {
        "name": config.spark_pool,
        "synapse_workspace_id": Ref("azurerm_synapse_workspace", config.workspace, "id"),
        "spark_version": properties["sparkVersion"],
        "node_size": properties["nodeSize"],
        "node_size_family": properties["nodeSizeFamily"],
        "node_count": None if scale.get("enabled") else properties["nodeCount"],
        "library_requirement": _content(properties.get("libraryRequirements")),
        "spark_config": _content(properties.get("sparkConfigProperties")),
        "session_level_packages_enabled": properties.get("sessionLevelPackagesEnabled"),
        "compute_isolation_enabled": properties.get("isComputeIsolationEnabled"),
        "tags": of.tags,
    }
    if scale.get("enabled"):
        limits = {"min_node_count": scale["minNodeCount"], "max_node_count": scale["maxNodeCount"]}
        body["auto_scale"] = limits
    if pause.get("enabled"):
        body["auto_pause"] = {"delay_in_minutes": pause["delayInMinutes"]}
    return body


def _content(given: "Mapping[str, Any] | None") -> Body | None:
    if not given:
        return None
    return {"content": given["content"], "filename": given["filename"]}
