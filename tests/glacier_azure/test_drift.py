"""What Azure has, compared with configs: named setting by setting, and gone after a deployment."""

from typing import Any
from uuid import uuid4

import pytest
from azure.mgmt.storage import StorageManagementClient

from glacier import Provider
from glacier_azure.config import BlobConfig
from glacier_azure.management import management_client
from glacier_azure.session import session_of
from tests.glacier_azure.arm import ACCOUNTS, Manager
from tests.glacier_azure.blobs import Blobs
from tests.glacier_azure.functions import deployed, settings_of, web
from tests.glacier_azure.synapse import pool_of, put, synapse_executor
from tests.projects import Project
from tests.rigs.azure.azurite import GROUP, Azurite
from tests.rigs.azure.server import AzureServer


@pytest.fixture
def blobs(azurite: Azurite) -> Blobs:
    return Blobs(azurite)


def test_access_to_a_container_that_somebody_changed_is_named(
    azurite: Azurite, blobs: Blobs
) -> None:
    provider = Provider(config=azurite.config())
    provider.bucket(blobs.name, "a/", config=BlobConfig(container_access="private"))
    before = provider.drift()
    blobs.client.set_container_access_policy({}, public_access="blob")

    found = provider.drift()

    assert before == ()
    assert [str(one) for one in found] == [
        f"container '{blobs.name}': container_access is 'blob' and should be 'private'"
    ]
    provider.deploy()
    assert provider.drift() == ()


def test_container_that_is_not_there_is_missing_and_made(azurite: Azurite) -> None:
    provider, name = Provider(config=azurite.config()), f"lake-{uuid4().hex}"
    provider.bucket(name, "a/")
    provider.bucket(name, "b/")

    done = provider.deploy()

    assert [str(one) for one in done.changes] == [f"container '{name}' is missing"]
    assert provider.drift() == ()


def test_account_that_somebody_changed_is_named(azure: AzureServer) -> None:
    manager = Manager(azure)
    provider = Provider(config=azure.config(), tags={"team": "data"})
    name = f"lake-{uuid4().hex}"
    rule = {"name": "drop", "base_blob": {"delete": {"days_after_creation_greater_than": 30}}}
    config = BlobConfig(soft_delete_retention_days=14, lifecycle_rules=[rule], replication="GRS")
    provider.bucket(name, "a/", config=config)
    provider.deploy()
    before = provider.drift()
    client: Any = management_client(session_of(azure.config()), StorageManagementClient)
    lakes = session_of(azure.config()).account.name
    where = (GROUP, lakes)
    client.storage_accounts.update(*where, {"sku": {"name": "Standard_LRS"}})
    client.management_policies.delete(*where, "default")

    found = {(one.thing, one.setting): (one.found, one.wanted) for one in provider.drift()}

    account = f"storage account {lakes!r}"
    assert before == ()
    assert found[account, "sku.name"] == ("Standard_LRS", "Standard_GRS")
    assert found[account, "lifecycle_rules"][0] == []
    provider.deploy()
    assert provider.drift() == ()
    assert manager.get(f"{ACCOUNTS}/{lakes}")["sku"]["name"] == "Standard_GRS"


def test_app_that_somebody_changed_is_named_without_what_its_settings_hold(
    azure: AzureServer, project: Project
) -> None:
    function = deployed(azure, f"{project.module()}:run", environment={"STAGE": "test"})
    provider, name = function.provider, function.function_name
    before = provider.drift()
    settings = {**settings_of(azure, name), "STAGE": "a secret of somebody"}
    web(azure).web_apps.update_application_settings(GROUP, name, {"properties": settings})

    (found,) = provider.drift()

    assert before == ()
    says = "app settings.STAGE is 'another value' and should be 'test'"
    assert str(found) == f"function app '{name}': {says}"
    provider.deploy()
    assert provider.drift() == ()


def test_spark_pool_that_somebody_changed_is_named(azure: AzureServer) -> None:
    executor = synapse_executor(azure)
    executor.deploy()
    provider = executor.provider
    before = provider.drift()
    pool = pool_of(azure, executor)
    place = pool["id"]
    changed = {**pool["properties"], "nodeSize": "Large"}
    put(azure, place, {"location": pool["location"], "properties": changed})

    found = {one.setting: (one.found, one.wanted) for one in provider.drift()}

    assert before == ()
    assert found["nodeSize"] == ("Large", "Small")
    provider.deploy()
    assert provider.drift() == ()
