"""Making a container, and bringing it and its account to what they are settled to be.

Resource Manager makes both where the config names a subscription. Else the account is there, and
its own endpoint makes the container; the account's settings can't be reached but for soft delete.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import ContainerEncryptionScope, RetentionPolicy

from glacier.drift import Difference, differences, missing
from glacier.errors import ConfigError
from glacier_azure.answers import code_of
from glacier_azure.errors import managed
from glacier_azure.storage.settings import ContainerSettings, check_scope

if TYPE_CHECKING:
    from azure.storage.blob import ContainerClient, ContainerProperties

    from glacier_azure.session import AzureSession
    from glacier_azure.storage.settings import AccountSettings

_BY_MANAGER = ("replication", "hierarchical_namespace")
_OVERRIDES_OF_MANAGER = ("storageAccounts", "blobServices")


def deploy_container(
    session: "AzureSession",
    settings: ContainerSettings,
    account: "AccountSettings",
    tags: Mapping[str, str],
) -> None:
    """Make a container if it is missing, and bring it and what is set of its account up to date.

    Args:
        session: Whose storage account it is.
        settings: What the container is to be like.
        account: What its account is to be like.
        tags: What the account is tagged with; containers have no tags.

    Raises:
        ConfigError: Something is set that only Resource Manager can do, and the config names no
            subscription.
        StorageError: Something differs that Azure can't change.
        AzureError: Azure refuses.
    """
    if session.config.subscription_id is not None:
        from glacier_azure.storage.account import AccountDeployment  # a large SDK

        with managed(f"the storage account {account.name!r}", session):
            manager = AccountDeployment(session, account, tags)
            manager.deploy_account()
            manager.deploy_container(settings)
        return
    _check_without_manager(settings, account)
    if "soft_delete_retention_days" in account.is_set:
        _set_soft_delete(session, account.soft_delete_retention_days)
    make_container(session, settings)


def container_drift(
    session: "AzureSession",
    settings: ContainerSettings,
    account: "AccountSettings",
    tags: Mapping[str, str],
) -> Iterator[Difference]:
    """Yield where a container, and what is set of its account, differ; as `deploy_container`."""
    if session.config.subscription_id is not None:
        from glacier_azure.storage.account import AccountDeployment  # a large SDK

        with managed(f"the storage account {account.name!r}", session):
            yield from AccountDeployment(session, account, tags).drift(settings)
        return
    _check_without_manager(settings, account)
    days = account.soft_delete_retention_days
    if "soft_delete_retention_days" in account.is_set and _soft_delete(session) != days:
        thing = f"storage account {account.name!r}"
        yield Difference(thing, "soft_delete_retention_days", days, _soft_delete(session))
    present = _properties(session.blobs.get_container_client(settings.name))
    thing = f"container {settings.name!r}"
    if present is None:
        yield missing(thing)
    else:
        found = {"container_access": present.public_access or "private"}
        yield from differences(thing, {"container_access": settings.container_access}, found)


def make_container(session: "AzureSession", settings: ContainerSettings) -> None:
    """Make a container by its account's endpoint if it is missing, else set who may read it."""
    client = session.blobs.get_container_client(settings.name)
    access: Any = None if settings.container_access == "private" else settings.container_access
    present = _properties(client)
    if present is None:
        _create(client, settings, access)
        return
    check_scope(settings, _scope_of(present))
    if present.public_access != access:
        # The request replaces the stored access policies too.
        policies = client.get_container_access_policy()["signed_identifiers"]
        identifiers = {one.id: one.access_policy for one in policies}
        client.set_container_access_policy(identifiers, public_access=access)


def _check_without_manager(settings: ContainerSettings, account: "AccountSettings") -> None:
    names = [name for name in _BY_MANAGER if name in account.is_set]
    if account.ruled_containers:
        names.append("lifecycle_rules")
    names += [f"overrides[{one!r}]" for one in _OVERRIDES_OF_MANAGER if one in account.overrides]
    if "containers" in settings.overrides:
        names.append("overrides['containers']")
    if names:
        raise ConfigError(
            f"{', '.join(names)} of a BlobConfig for the storage account {account.name!r} can be "
            "set by Azure Resource Manager only, which needs a subscription. Set "
            "AzureConfig(subscription_id=...) or AZURE_SUBSCRIPTION_ID, or leave it out and set "
            "the account up by other means."
        )


def _set_soft_delete(session: "AzureSession", days: int) -> None:
    if _soft_delete(session) != days:
        policy = RetentionPolicy(enabled=True, days=days) if days else RetentionPolicy()
        session.blobs.set_service_properties(delete_retention_policy=policy)


def _soft_delete(session: "AzureSession") -> int:
    """Return for how many days the account keeps what was deleted; 0 where it does not."""
    present = session.blobs.get_service_properties()["delete_retention_policy"]
    return int(present.days) if present.enabled else 0


def _create(client: "ContainerClient", settings: ContainerSettings, access: Any) -> None:
    scope: Any = {}
    if settings.encryption_scope is not None:
        chosen = ContainerEncryptionScope(settings.encryption_scope)
        scope = {"container_encryption_scope": chosen}
    try:
        client.create_container(public_access=access, **scope)
    except ResourceExistsError as error:
        if code_of(error) != "ContainerAlreadyExists":  # made meanwhile
            raise


def _properties(client: "ContainerClient") -> "ContainerProperties | None":
    try:
        return client.get_container_properties()
    except ResourceNotFoundError as error:
        if code_of(error) != "ContainerNotFound":
            raise
        return None


def _scope_of(present: "ContainerProperties") -> str | None:
    scope = present.encryption_scope
    return None if scope is None else scope.default_encryption_scope
