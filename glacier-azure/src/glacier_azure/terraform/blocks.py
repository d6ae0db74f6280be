"""What all of Azure's blocks of Terraform share: the provider, the resource group, and roles."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from glacier.terraform import Block, Ref, TerraformProvider, Text
from glacier_azure.iam import container_grants
from glacier_azure.session import session_of
from glacier_azure.storage.names import check_account

if TYPE_CHECKING:
    from glacier.access import Access
    from glacier.resources import Resource
    from glacier.terraform import Estate
    from glacier_azure.config import AzureConfig

SOURCE = "hashicorp/azurerm"
VERSIONS = ">= 4.55, < 5.0"

Body = dict[str, Any]
"""The arguments of a block."""

_ENVIRONMENTS = {
    "https://management.usgovcloudapi.net": "usgovernment",
    "https://management.chinacloudapi.cn": "china",
}
_CURRENT = "current"


class Description:
    """Describes one resource by blocks.

    Args:
        estate: What the adapter was told.
        resource: The resource.
    """

    def __init__(self, estate: "Estate", resource: "Resource") -> None:
        self._owner = repr(resource)
        self._glacier_provider = estate.provider
        self.config = cast("AzureConfig", estate.provider.config)
        self._provider = azure_provider(self.config)
        self.tags = dict(estate.provider.tags) or None

    @property
    def account(self) -> str:
        """The name of the provider's storage account, by which blocks refer to it.

        Raises:
            ConfigError: The config names none, or one that can't be.
        """
        return check_account(session_of(self.config).account.name)

    def block(
        self,
        kind: str,
        key: str,
        body: Mapping[str, Any],
        **fields: Any,  # Any: further fields of a block
    ) -> Block:
        """Return a block of the resource."""
        return Block(kind, key, body, self._owner, self._provider, **fields)

    def resource_group(self) -> Block:
        """Return the group that everything is in; equal ones become one in the document."""
        group = self.config.resource_group
        body = {"name": group, "location": self.config.location, "tags": self.tags}
        return self.block("azurerm_resource_group", group, body)

    @property
    def in_group(self) -> Body:
        """The arguments of everything that is made in the group, by its name and region."""
        group = Ref("azurerm_resource_group", self.config.resource_group, "name")
        return {"resource_group_name": group, "location": self.config.location}

    def assignment(
        self, who: str, principal: Ref, role: str, scope: Ref | Text, *, where: str
    ) -> Block:
        """Return the assignment of a role to an identity.

        Azure refuses a second one of the same role, scope and identity: where several resources
        share an identity, `who` has to be the same for all of them, so that theirs become one.

        Args:
            who: What the identity is of, for the block's name.
            principal: The identity's `principal_id`.
            role: The role's name, such as `Storage Blob Data Reader`.
            scope: What it may be used on.
            where: What the scope is called, for the block's name.
        """
        body = {
            "scope": scope,
            "role_definition_name": role,
            "principal_id": principal,
            # A new identity is not known everywhere at once; with its type Azure asks nobody.
            "principal_type": "ServicePrincipal",
        }
        key = f"{who}_{where}_{role.replace(' ', '_').lower()}"
        return self.block("azurerm_role_assignment", key, body)

    def container_roles(self, who: str, principal: Ref, access: "Access") -> Iterator[Block]:
        """Yield roles on the containers that an identity's code may have to touch.

        Args:
            who: What the identity is of, for the blocks' names.
            principal: The identity's `principal_id`.
            access: What is touched.

        Raises:
            ConfigError: The config of such a container's provider names no storage account.
        """
        for grant in container_grants(access):
            bucket = grant.bucket
            if bucket.provider is self._glacier_provider:
                scope: Ref | Text = Ref("azurerm_storage_container", bucket.bucket_name, "id")
                where = bucket.bucket_name
            else:
                config = cast("AzureConfig", bucket.provider.config)
                account = session_of(config).account.name
                if config.subscription_id is None:
                    yield self.block("azurerm_client_config", _CURRENT, {}, mode="data")
                scope = _address_elsewhere(config, account, bucket.bucket_name)
                where = f"{account}_{bucket.bucket_name}"
            yield self.assignment(who, principal, grant.role, scope, where=where)


def azure_provider(config: "AzureConfig") -> TerraformProvider:
    """Return Terraform's provider, of the same subscription and directory as the config.

    Who applies the document is not in it: Terraform finds that in `ARM_*` variables, or asks the
    Azure CLI. An address of Resource Manager that is none of Azure's clouds says nothing to it.
    """
    endpoint = (config.management_endpoint or "").rstrip("/")
    body: Body = {
        "features": {},
        "subscription_id": config.subscription_id,
        "tenant_id": config.tenant_id,
        "environment": _ENVIRONMENTS.get(endpoint),
    }
    return TerraformProvider(SOURCE, VERSIONS, body)


def _address_elsewhere(config: "AzureConfig", account: str, container: str) -> Text:
    """Return what Resource Manager calls a container that another provider has."""
    current = Ref("azurerm_client_config", _CURRENT, "subscription_id", "data")
    group = f"/resourceGroups/{config.resource_group}/providers/Microsoft.Storage"
    place = f"{group}/storageAccounts/{account}/blobServices/default/containers/{container}"
    return Text(("/subscriptions/", config.subscription_id or current, place))
