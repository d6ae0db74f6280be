"""Storage accounts as Resource Manager has them: what it fills in, and what it refuses.

Containers of the account that Azurite plays are really made there.
"""

import os
import re
from typing import Any

from werkzeug.wrappers import Request, Response

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from tests.rigs.azure.resources import Body, RefusedError, ResourceManager, ResourceType

ACCOUNTS = "Microsoft.Storage/storageAccounts"
DEFAULT_SCOPE = "$account-encryption-key"
_ACCOUNT = r"(?i)(/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Storage/"
_OF_ACCOUNT = re.compile(rf"{_ACCOUNT}storageAccounts/([^/]+))")
_BLOB_SERVICE = re.compile(rf"{_OF_ACCOUNT.pattern}/blobServices/default$")
_FAMILY = {"LRS": 1, "GRS": 1, "RAGRS": 1, "ZRS": 2, "GZRS": 2, "RAGZRS": 2}
"""Replications of one family change at once; from one to the other it takes a conversion."""


class Accounts:
    """Every account; their names are shared by all groups."""

    kind = ACCOUNTS
    created_status = 200

    def __init__(self) -> None:
        self._found: dict[str, tuple[str, Body]] = {}

    def put(self, resource_id: str, body: Body) -> Body:
        """Refuse what Azure would, and fill in what it would."""
        name = resource_id.rpartition("/")[2]
        if re.fullmatch(r"[a-z0-9]{3,24}", name) is None:
            raise RefusedError(
                400, "AccountNameInvalid", f"{name} is not a valid storage account name."
            )
        owner, before = self._found.get(name, (resource_id, None))
        if owner.lower() != resource_id.lower():
            message = f"The storage account named {name} is already taken."
            raise RefusedError(409, "StorageAccountAlreadyTaken", message)
        if before is None and not {"sku", "kind", "location"} <= set(body):
            raise RefusedError(400, "InvalidRequestContent", "sku, kind and location are required.")
        properties = {
            "accessTier": "Hot",
            "allowBlobPublicAccess": False,
            "minimumTlsVersion": "TLS1_0",
            "supportsHttpsTrafficOnly": True,
            "primaryEndpoints": {"blob": f"https://{name}.blob.core.windows.net/"},
            **body.get("properties", {}),
        }
        if not properties.get("isHnsEnabled"):  # Azure leaves it out
            properties.pop("isHnsEnabled", None)
        sku = {"name": body["sku"]["name"], "tier": "Standard"}
        kept = {**body, "sku": sku, "properties": properties}
        if before is not None:
            self._check_change(before, kept)
        self._found[name] = (resource_id, kept)
        return kept

    def deleted(self, resource_id: str) -> None:
        """Let the name go."""
        self._found.pop(resource_id.rpartition("/")[2], None)

    def action(self, resource_id: str, name: str, body: Body) -> Response | None:
        """Know no action."""

    def account(self, resource_id: str) -> Body:
        """Return the account that a resource lies in."""
        found = _OF_ACCOUNT.match(resource_id)
        known = self._found.get(found[2]) if found else None
        if known is None:
            raise RefusedError(404, "ResourceNotFound", f"No account holds {resource_id}.")
        return known[1]

    @staticmethod
    def _check_change(before: Body, after: Body) -> None:
        old, new = before["properties"], after["properties"]
        if bool(old.get("isHnsEnabled")) != bool(new.get("isHnsEnabled")):
            message = "The property 'isHnsEnabled' was specified in the input, but it can't change."
            raise RefusedError(400, "PropertyCannotBeModified", message)
        if before["location"] != after["location"]:
            raise RefusedError(
                409, "InvalidResourceLocation", "The account is in another location."
            )
        families = {_FAMILY[one["sku"]["name"].partition("_")[2]] for one in (before, after)}
        if len(families) > 1:
            message = "The SKU change needs a conversion, which is not allowed for this account."
            raise RefusedError(400, "SkuChangeNotAllowed", message)


class Containers:
    """The containers of all accounts."""

    kind = f"{ACCOUNTS}/blobServices/containers"

    def __init__(self, accounts: Accounts, manager: ResourceManager) -> None:
        self._accounts = accounts
        self._manager = manager

    def put(self, resource_id: str, body: Body) -> Body:
        """Make the container, or set who may read it."""
        account = self._accounts.account(resource_id)
        properties = {"publicAccess": "None", **body.get("properties", {})}
        scope = properties.setdefault("defaultEncryptionScope", DEFAULT_SCOPE)
        holder = resource_id.rpartition("/blobServices/")[0]
        is_scope = self._manager.find(f"{holder}/encryptionScopes/{scope}") is not None
        if scope != DEFAULT_SCOPE and not is_scope:
            raise RefusedError(404, "EncryptionScopeNotFound", f"There is no scope {scope}.")
        access = properties["publicAccess"]
        if access != "None" and not account["properties"]["allowBlobPublicAccess"]:
            message = "Public access is not permitted on this storage account."
            raise RefusedError(409, "PublicAccessNotPermitted", message)
        client = _client_of(resource_id)
        if client is not None:
            client.create(None if access == "None" else access.lower())
        return {**body, "properties": properties}

    def deleted(self, resource_id: str) -> None:
        """Delete the container."""
        client = _client_of(resource_id)
        if client is not None:
            client.delete()

    def action(self, resource_id: str, name: str, body: Body) -> Response | None:
        """Know no action."""


class Policies:
    """The management policies of all accounts."""

    kind = f"{ACCOUNTS}/managementPolicies"
    created_status = 200

    def put(self, resource_id: str, body: Body) -> Body:
        """Refuse a policy that has no rules, or two of one name, or one that does nothing."""
        rules = body["properties"]["policy"]["rules"]
        names = [rule["name"] for rule in rules]
        if not rules or len(set(names)) != len(names):
            raise RefusedError(
                400, "InvalidPolicy", "Rules need names of their own, and there is one."
            )
        if not all(rule["definition"]["actions"] for rule in rules):
            raise RefusedError(400, "InvalidPolicy", "A rule needs an action.")
        return body

    def deleted(self, resource_id: str) -> None:
        """Do nothing."""

    def action(self, resource_id: str, name: str, body: Body) -> Response | None:
        """Know no action."""


class BlobServices:
    """Has every account have a blob service before anybody sets it up."""

    def __init__(self, manager: ResourceManager) -> None:
        self._manager = manager

    def answer(self, request: Request) -> Response | None:
        """Answer nothing: the manager does."""
        found = _BLOB_SERVICE.match(request.path)
        is_asked = found is not None and self._manager.find(found[1]) is not None
        if is_asked and self._manager.find(request.path) is None:
            self._manager.keep(
                request.path,
                {"properties": {"cors": {"corsRules": []}, "deleteRetentionPolicy": _off()}},
            )
        return None

    def close(self) -> None:
        """Do nothing: it has started nothing."""


def storage_types(manager: ResourceManager) -> tuple[ResourceType, ...]:
    """Return the types of resources that make up storage accounts."""
    accounts = Accounts()
    return accounts, Containers(accounts, manager), Policies()


class _Container:
    """One container of Azurite."""

    def __init__(self, name: str) -> None:
        service = BlobServiceClient(
            os.environ["AZURE_STORAGE_ENDPOINT"], credential=os.environ["AZURE_STORAGE_KEY"]
        )
        self._client = service.get_container_client(name)

    def create(self, access: Any) -> None:
        try:
            self._client.create_container(public_access=access)
        except ResourceExistsError:
            self._client.set_container_access_policy({}, public_access=access)

    def delete(self) -> None:
        try:
            self._client.delete_container()
        except ResourceNotFoundError:
            return


def _client_of(resource_id: str) -> _Container | None:
    found = _OF_ACCOUNT.match(resource_id)
    is_real = found is not None and found[2] == os.environ.get("AZURE_STORAGE_ACCOUNT")
    return _Container(resource_id.rpartition("/")[2]) if is_real else None


def _off() -> Body:
    return {"allowPermanentDelete": False, "enabled": False}
