"""What an app's own identity may do: read and write containers, each by a role on it alone."""

import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from azure.core.exceptions import HttpResponseError, ResourceExistsError
from azure.mgmt.resource.resources import ResourceManagementClient

from glacier.access import declared_access
from glacier_azure.function.request import HOST_CONTAINERS, container_name, is_flex
from glacier_azure.iam import CONTRIBUTOR, OWNER, ROLE_IDS, container_grants
from glacier_azure.management import management_client, subscription_of
from glacier_azure.session import session_of

if TYPE_CHECKING:
    from glacier.resources import Serverless
    from glacier_azure.config import AzureConfig
    from glacier_azure.session import AzureSession

_API_VERSION = "2022-04-01"
_NAMES = uuid.UUID("6d1c2c59-3d57-4d54-9a44-0c9c3a5c6f0e")
"""The namespace of the assignments' names, which have to be UUIDs."""


def own_containers(function: "Serverless") -> dict[str, str]:
    """Return the containers that an app needs for itself, and the role that it needs on each.

    Azure's own advice is the owner of all blobs of an account of its own; here the account holds
    the data too, so that the host gets its own containers alone, which are made beforehand:
    https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity
    """
    found = dict.fromkeys(HOST_CONTAINERS, OWNER)
    return {**found, container_name(function): CONTRIBUTOR} if is_flex(function) else found


def ensure_containers(function: "Serverless", session: "AzureSession") -> None:
    """Make the containers that an app needs for itself, where they are missing.

    Raises:
        HttpResponseError: Azure refuses.
    """
    known = {one.name for one in session.blobs.list_containers()}
    for name in own_containers(function):
        if name not in known:
            with suppress(ResourceExistsError):  # by another process just now
                session.blobs.create_container(name)


def ensure_roles(function: "Serverless", session: "AzureSession", principal: str) -> bool:
    """Assign the roles that an app's identity lacks; others that it has stay.

    Args:
        function: The function.
        session: Who assigns.
        principal: The id of the app's identity.

    Returns:
        Whether it lacked any.

    Raises:
        HttpResponseError: Azure refuses.
    """
    new = [_is_assigned_now(session, one, principal) for one in _wanted(function, session)]
    return any(new)


def _is_assigned_now(session: "AzureSession", wanted: tuple[str, str], principal: str) -> bool:
    """Assign a role on a scope, and return whether it was not there before."""
    resources = management_client(session, ResourceManagementClient).resources
    scope, role = wanted
    name = uuid.uuid5(_NAMES, f"{scope}|{role}|{principal}".lower())
    place = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    try:
        resources.get_by_id(place, api_version=_API_VERSION)
    except HttpResponseError as error:
        if error.status_code != 404:
            raise
    else:
        return False
    roles = f"/subscriptions/{subscription_of(session)}/providers/Microsoft.Authorization"
    properties = {
        "roleDefinitionId": f"{roles}/roleDefinitions/{ROLE_IDS[role]}",
        "principalId": principal,
        # A new identity is not known everywhere at once; with its type Azure asks nobody.
        "principalType": "ServicePrincipal",
    }
    try:
        resources.begin_create_or_update_by_id(
            place, {"properties": properties}, api_version=_API_VERSION
        ).result()
    except ResourceExistsError:
        return False  # the same assignment under another name, such as Terraform's
    return True


def _wanted(function: "Serverless", session: "AzureSession") -> Iterator[tuple[str, str]]:
    """Yield the scopes and the names of the roles."""
    for container, role in own_containers(function).items():
        yield _container_id(session, container), role
    access = declared_access(function.provider, "deploy() knows of no pipeline")
    for grant in container_grants(access):
        config = cast("AzureConfig", grant.bucket.provider.config)
        yield _container_id(session_of(config), grant.bucket.bucket_name), grant.role


def _container_id(session: "AzureSession", container: str) -> str:
    return (
        f"/subscriptions/{subscription_of(session)}/resourceGroups/"
        f"{session.config.resource_group}/providers/Microsoft.Storage/storageAccounts/"
        f"{session.account.name}/blobServices/default/containers/{container}"
    )
