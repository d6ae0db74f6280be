"""Containers and their storage account as blocks of Terraform, from `deploy()`'s own settings."""

from typing import TYPE_CHECKING

from glacier.overrides import overridden
from glacier.terraform import Ref
from glacier_azure.storage.settings import (
    ACCOUNT,
    CONTAINER,
    account_settings,
    container_settings,
)
from glacier_azure.terraform.blocks import Body, Description
from glacier_azure.terraform.rules import lifecycle_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glacier.resources import Bucket
    from glacier.terraform import Block, Estate
    from glacier_azure.storage.settings import AccountSettings, ContainerSettings

_KIND, _TIER = "StorageV2", "Standard"
_MANAGED_BY_MICROSOFT = "Microsoft.Storage"


def bucket_blocks(estate: "Estate", bucket: "Bucket") -> "Iterator[Block]":
    """Yield a container, and the storage account and the resource group that it lies in.

    Raises:
        ConfigError: The provider's config names no storage account, or one that can't be.
    """
    of = Description(estate, bucket)
    yield from account_blocks(estate, of)
    name = bucket.bucket_name
    settings = container_settings(name, estate.settings(CONTAINER, name))
    yield of.block(
        "azurerm_storage_container",
        name,
        _container(settings, of.account),
        outputs={f"bucket_{name}": "id"},
    )


def account_blocks(estate: "Estate", of: Description) -> "Iterator[Block]":
    """Yield the storage account with all that is settled about it, and its resource group.

    Args:
        estate: What the adapter was told.
        of: Describes the resource that needs the account.

    Raises:
        ConfigError: The provider's config names no storage account, or one that can't be.
    """
    name = of.account
    # What resources say is said of the account that their config names, if it names one.
    said = estate.settings(ACCOUNT, of.config.storage_account or "")
    settings = account_settings(name, said)
    yield of.resource_group()
    yield of.block(
        "azurerm_storage_account",
        name,
        _account(settings, of),
        outputs={f"storage_account_{name}": "id"},
    )
    whose = {"storage_account_id": Ref("azurerm_storage_account", name, "id")}
    for scope in settings.encryption_scopes:
        body = {"name": scope, "source": _MANAGED_BY_MICROSOFT, **whose}
        yield of.block("azurerm_storage_encryption_scope", scope, body)
    policy = overridden(
        {"rule": [lifecycle_rule(one) for one in settings.lifecycle_rules]},
        settings.overrides.get("azurerm_storage_management_policy", {}),
    )
    if policy.get("rule"):
        yield of.block("azurerm_storage_management_policy", name, {**whose, **policy})


def _account(settings: "AccountSettings", of: Description) -> Body:
    blobs: Body = {}
    if settings.soft_delete_retention_days:
        blobs["delete_retention_policy"] = {"days": settings.soft_delete_retention_days}
    if settings.tracks_access:
        blobs["last_access_time_enabled"] = True
    body: Body = {
        "name": settings.name,
        **of.in_group,
        "account_kind": _KIND,
        "account_tier": _TIER,
        "account_replication_type": settings.sku.removeprefix(f"{_TIER}_"),
        "is_hns_enabled": settings.hierarchical_namespace,
        "allow_nested_items_to_be_public": bool(settings.public_containers),
        "blob_properties": blobs,
        "tags": of.tags,
    }
    return overridden(body, settings.overrides.get("azurerm_storage_account", {}))


def _container(settings: "ContainerSettings", account: str) -> Body:
    body: Body = {
        "name": settings.name,
        "storage_account_id": Ref("azurerm_storage_account", account, "id"),
        "container_access_type": settings.container_access,
    }
    if settings.encryption_scope is not None:
        scope = Ref("azurerm_storage_encryption_scope", settings.encryption_scope, "name")
        body["default_encryption_scope"] = scope
    return overridden(body, settings.overrides.get("azurerm_storage_container", {}))
