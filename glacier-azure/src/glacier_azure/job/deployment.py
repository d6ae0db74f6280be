"""The Spark pool of an executor in Resource Manager: asked what it has, made, and kept up."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from azure.core.exceptions import ResourceNotFoundError
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import GenericResource

from glacier.differences import is_met
from glacier.drift import UNTOLD, Difference, differences, missing
from glacier.errors import JobError
from glacier.known_secrets import check_no_secret
from glacier.overrides import overridden
from glacier_azure.errors import of_management
from glacier_azure.job.definition import POOL_VERSION, pool_id, pool_properties, workspace_id
from glacier_azure.management import management_client, subscription_of
from glacier_azure.session import session_of

if TYPE_CHECKING:
    from glacier.provider import Provider
    from glacier_azure.config import AzureConfig, SynapseConfig
    from glacier_azure.session import AzureSession


_TOLD_BY_AZURE = {"cacheSize", "creationDate", "lastSucceededTimestamp", "provisioningState"}
"""Properties of a pool that no request sets."""


_TEXTS = ("libraryRequirements.content", "sparkConfigProperties.content")
"""Properties in which somebody may have put a secret, such as the address of an index with one."""


class SparkPool:
    """The pool whose batches are an executor's jobs.

    Args:
        name: The executor's name.
        config: The executor's config.
        provider: Its provider.
    """

    def __init__(self, name: str, config: "SynapseConfig", provider: "Provider") -> None:
        self.name = name
        self._config = config
        self._provider = provider

    @property
    def subscription(self) -> str | None:
        """The subscription that the pool is in; None where the config names none."""
        return self._session.config.subscription_id

    def library_requirements(self) -> str:
        """Return the lines of what the pool installs.

        Raises:
            ResourceNotFoundError: There is no such pool.
        """
        found = self._properties_of(self._id)
        return str((found.get("libraryRequirements") or {}).get("content") or "")

    def ensure(self) -> None:
        """Create the pool in its workspace, or update it where it differs.

        Tags and properties that others have set stay.

        Raises:
            ConfigError: The provider's config names no subscription, or no resource group that is
                there.
            JobError: There is no such workspace.
            PackageError: A secret is among the settings or tags.
        """
        config, wanted = self._config, pool_properties(self._config)
        settings = json.dumps([config.model_dump(), self._provider.tags], default=str)
        check_no_secret(f"The settings of the Spark pool {config.spark_pool!r}", settings.encode())
        where = self._workspace()
        found, known, tags = self._present()
        new_tags = {**tags, **self._provider.tags}
        if found is not None and new_tags == tags and is_met(wanted, known):
            return
        # What a request leaves out goes: what others have set has to be in it.
        kept = {name: value for name, value in known.items() if name not in _TOLD_BY_AZURE}
        properties = overridden(kept, wanted)
        body = GenericResource(location=where, tags=new_tags, properties=properties)
        client = self._client.resources
        client.begin_create_or_update_by_id(self._id, body, api_version=POOL_VERSION).result()

    def drift(self) -> Iterator[Difference]:
        """Yield where the pool differs from what it has to be.

        Raises:
            ConfigError: The provider's config names no subscription, or no resource group that is
                there.
        """
        thing = f"Spark pool {self._config.spark_pool!r}"
        found, known, tags = self._present()
        if found is None:
            yield missing(thing)
            return
        for one in differences(thing, pool_properties(self._config), known):
            is_text = one.setting.endswith(_TEXTS) and one.found is not None
            yield replace(one, found=UNTOLD) if is_text else one
        yield from differences(thing, {"tags": self._provider.tags}, {"tags": tags})

    def _present(self) -> tuple[GenericResource | None, dict[str, Any], dict[str, str]]:
        """Return the pool as it is, with its properties and tags; None where there is none."""
        found = self._found()
        known = {} if found is None else dict(found.properties or {})
        return found, known, {} if found is None else dict(found.tags or {})

    @property
    def _session(self) -> "AzureSession":
        return session_of(cast("AzureConfig", self._provider.config))

    @property
    def _client(self) -> ResourceManagementClient:
        return management_client(self._session, ResourceManagementClient)

    @property
    def _id(self) -> str:
        return pool_id(self._config, self._session.config, subscription_of(self._session))

    def _workspace(self) -> str:
        """Return the region of the workspace."""
        config, azure = self._config, self._session.config
        place = workspace_id(config, azure, subscription_of(self._session))
        try:
            return str(self._client.resources.get_by_id(place, api_version=POOL_VERSION).location)
        except ResourceNotFoundError as error:
            known = of_management(error, f"the workspace {config.workspace!r}", self._session)
            if known is not None:
                raise known from error
            raise JobError(
                f"The resource group {azure.resource_group!r} has no Synapse workspace "
                f"{config.workspace!r}, in which the Spark pool {config.spark_pool!r} could be "
                "made. Make the workspace by Terraform: provider.write_terraform(directory); or "
                "correct SynapseConfig(workspace=...).",
                workspace=config.workspace,
            ) from error

    def _found(self) -> GenericResource | None:
        try:
            return self._client.resources.get_by_id(self._id, api_version=POOL_VERSION)
        except ResourceNotFoundError:
            return None

    def _properties_of(self, resource_id: str) -> Mapping[str, Any]:
        resource = self._client.resources.get_by_id(resource_id, api_version=POOL_VERSION)
        return cast("Mapping[str, Any]", resource.properties or {})
