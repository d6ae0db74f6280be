"""Making a storage account by Resource Manager, and bringing it to what it is settled to be."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.storage.models import (
    BlobContainer,
    BlobServiceProperties,
    EncryptionScope,
    ManagementPolicy,
    StorageAccountCreateParameters,
    StorageAccountUpdateParameters,
)

from glacier.differences import is_met
from glacier.drift import Difference, differences, missing
from glacier.errors import AccessDeniedError, StorageError
from glacier.overrides import overridden
from glacier_azure.answers import code_of
from glacier_azure.management import management_client
from glacier_azure.storage.policy import policy_rules
from glacier_azure.storage.settings import check_scope

if TYPE_CHECKING:
    from glacier_azure.session import AzureSession
    from glacier_azure.storage.settings import AccountSettings, ContainerSettings

Fields = dict[str, Any]
"""Fields of a request or an answer, as Resource Manager calls them."""

_ACCESS = {"private": "None", "blob": "Blob", "container": "Container"}
_TRACKING = {"enable": True, "name": "AccessTimeTracking"}
_TAKEN = {"StorageAccountAlreadyTaken", "AccountNameNotAvailable"}


class AccountDeployment:
    """Brings a storage account and its containers up to date; asks before it changes anything.

    Args:
        session: Whose subscription and resource group hold the account.
        settings: What the account is to be like.
        tags: The provider's tags, which the account gets beside those that it has.
    """

    def __init__(
        self, session: "AzureSession", settings: "AccountSettings", tags: Mapping[str, str]
    ) -> None:
        self._config = session.config
        self._client = management_client(session, StorageManagementClient)
        self._settings = settings
        self._tags = dict(tags)
        self._where = (session.config.resource_group, settings.name)

    def deploy_account(self) -> None:
        """Make the account if it is missing, else change what differs from what configs set.

        Raises:
            AccessDeniedError: Somebody else has an account of that name.
            StorageError: Something differs that Azure can't change.
        """
        present = _found(lambda: self._client.storage_accounts.get_properties(*self._where))
        if present is None:
            self._create()
        else:
            self._check_what_is_fixed(present)
            self._update(present)
        self._set_blob_service(is_new=present is None)
        self._set_policy()
        for scope in self._settings.encryption_scopes:
            self._make_scope(scope)

    def deploy_container(self, settings: "ContainerSettings") -> None:
        """Make a container if it is missing, else change who may read it.

        Raises:
            StorageError: It has another encryption scope, which Azure can't change.
        """
        where = (*self._where, settings.name)
        present = _found(lambda: self._client.blob_containers.get(*where))
        wanted: Fields = {"publicAccess": _ACCESS[settings.container_access]}
        if present is None:
            if settings.encryption_scope is not None:
                wanted["defaultEncryptionScope"] = settings.encryption_scope
                wanted["denyEncryptionScopeOverride"] = False
            body = self._overridden({"properties": wanted}, settings.overrides, "containers")
            self._client.blob_containers.create(*where, BlobContainer(body))
            return
        check_scope(settings, present["properties"].get("defaultEncryptionScope"))
        body = self._changed_container(settings)
        if not is_met(body, present):
            self._client.blob_containers.update(*where, BlobContainer(body))

    def drift(self, container: "ContainerSettings") -> Iterator[Difference]:
        """Yield where the account, and a container of it, differ; a scope of encryption is fixed.

        Args:
            container: What the container is to be like.
        """
        name = self._settings.name
        account, thing = f"storage account {name!r}", f"container {container.name!r}"
        present = _found(lambda: self._client.storage_accounts.get_properties(*self._where))
        if present is None:
            yield missing(account)
            yield missing(thing)
            return
        yield from differences(account, self._changed(present), present)
        service = self._wanted_service(is_new=False)
        if service:
            found = self._client.blob_services.get_service_properties(*self._where).as_dict()
            yield from differences(account, service, found)
        before, after = self._rules()
        if not _are_same(after, before):
            yield Difference(account, "lifecycle_rules", after, before)
        there = _found(lambda: self._client.blob_containers.get(*self._where, container.name))
        if there is None:
            yield missing(thing)
        else:
            yield from differences(thing, self._changed_container(container), there)

    def _create(self) -> None:
        settings = self._settings
        body: Fields = {
            "sku": {"name": settings.sku},
            "kind": "StorageV2",
            "location": self._config.location,
            "tags": self._tags,
            "properties": {
                "isHnsEnabled": settings.hierarchical_namespace,
                "allowBlobPublicAccess": bool(settings.public_containers),
                "minimumTlsVersion": "TLS1_2",
                "supportsHttpsTrafficOnly": True,
            },
        }
        body = self._overridden(body, settings.overrides, "storageAccounts")
        try:
            made = StorageAccountCreateParameters(body)
            self._client.storage_accounts.begin_create(*self._where, made).result()
        except HttpResponseError as error:
            if code_of(error) in _TAKEN:
                raise AccessDeniedError(
                    f"The storage account {settings.name!r} belongs to somebody else, or lies in "
                    f"another resource group than {self._config.resource_group!r}: the names of "
                    "all accounts of Azure are shared. Choose another name, or correct "
                    "AzureConfig(resource_group=...)."
                ) from error
            raise

    def _check_what_is_fixed(self, present: Fields) -> None:
        settings, properties = self._settings, present["properties"]
        has_directories = bool(properties.get("isHnsEnabled"))
        is_set = "hierarchical_namespace" in settings.is_set
        if is_set and settings.hierarchical_namespace != has_directories:
            raise StorageError(
                f"The storage account {settings.name!r} was made with hierarchical_namespace="
                f"{has_directories}, and configs say {settings.hierarchical_namespace}. Azure "
                "settles that when an account is made: correct the config, or choose another "
                "account."
            )
        there = str(present.get("location", "")).replace(" ", "").lower()
        here = self._config.location.replace(" ", "").lower()
        if "location" in self._config.model_fields_set and there and there != here:
            raise StorageError(
                f"The storage account {settings.name!r} is in {there!r}, and the provider's config "
                f"says {here!r}. An account can't move: set AzureConfig(location=...) to "
                f"{there!r}, or choose another account.",
                location=there,
            )

    def _update(self, present: Fields) -> None:
        body = self._changed(present)
        if not is_met(body, present):
            change = StorageAccountUpdateParameters(body)
            self._client.storage_accounts.update(*self._where, change)

    def _changed_container(self, settings: "ContainerSettings") -> Fields:
        """Return what a container that is there is to be like."""
        wanted: Fields = {"publicAccess": _ACCESS[settings.container_access]}
        return self._overridden({"properties": wanted}, settings.overrides, "containers")

    def _changed(self, present: Fields) -> Fields:
        """Return what an account that is there is to be like, as far as configs set it."""
        settings, body = self._settings, Fields()
        if "replication" in settings.is_set:
            body["sku"] = {"name": settings.sku}
        if settings.public_containers:
            body["properties"] = {"allowBlobPublicAccess": True}
        if self._tags:
            body["tags"] = {**(present.get("tags") or {}), **self._tags}
        return self._overridden(body, settings.overrides, "storageAccounts")

    def _wanted_service(self, *, is_new: bool) -> Fields:
        """Return what the account's blob service is to be like; empty where nothing is said."""
        settings = self._settings
        wanted: Fields = {}
        if is_new or "soft_delete_retention_days" in settings.is_set:
            wanted = {"properties": {"deleteRetentionPolicy": _retention(settings)}}
        if settings.tracks_access:
            wanted = overridden(wanted, {"properties": {"lastAccessTimeTrackingPolicy": _TRACKING}})
        return self._overridden(wanted, settings.overrides, "blobServices")

    def _set_blob_service(self, *, is_new: bool) -> None:
        wanted = self._wanted_service(is_new=is_new)
        if not wanted:
            return
        services = self._client.blob_services
        present = services.get_service_properties(*self._where).as_dict()
        if not is_met(wanted, present):
            # What a request leaves out may go back to its default.
            kept = {"properties": present.get("properties") or {}}
            changed = BlobServiceProperties(overridden(kept, wanted))
            services.set_service_properties(*self._where, changed)

    def _set_policy(self) -> None:
        policies = self._client.management_policies
        before, rules = self._rules()
        if _are_same(rules, before):
            return
        if rules:
            body: Fields = {"properties": {"policy": {"rules": rules}}}
            policies.create_or_update(*self._where, "default", ManagementPolicy(body))
        else:
            policies.delete(*self._where, "default")

    def _rules(self) -> tuple[list[Fields], list[Fields]]:
        """Return the rules that the account's policy has, and those that it is to have."""
        settings, policies = self._settings, self._client.management_policies
        if not settings.ruled_containers:
            return [], []
        present = _found(lambda: policies.get(*self._where, "default"))
        before = [] if present is None else present["properties"]["policy"]["rules"]
        after = policy_rules(before, settings.lifecycle_rules, settings.ruled_containers)
        return before, after

    def _make_scope(self, name: str) -> None:
        scopes = self._client.encryption_scopes
        if _found(lambda: scopes.get(*self._where, name)) is None:
            body: Fields = {"properties": {"source": "Microsoft.Storage", "state": "Enabled"}}
            scopes.put(*self._where, name, EncryptionScope(body))

    @staticmethod
    def _overridden(body: Fields, overrides: Mapping[str, Any], whose: str) -> Fields:
        return overridden(body, overrides.get(whose, {}))


def _retention(settings: "AccountSettings") -> Fields:
    days = settings.soft_delete_retention_days
    return {"enabled": True, "days": days} if days else {"enabled": False}


def _are_same(rules: list[Fields], others: list[Fields]) -> bool:
    """Return whether rules are the same, in whichever order: it says nothing."""
    return len(rules) == len(others) and all(one in others for one in rules)


def _found(ask: Callable[[], Any]) -> Fields | None:  # Any: as many models as resources
    """Return what is at an id, in the API's names; None where nothing is."""
    try:
        found: Fields = ask().as_dict()
    except ResourceNotFoundError as error:
        if code_of(error) in {"ResourceGroupNotFound", "SubscriptionNotFound"}:
            raise
        return None
    return found
