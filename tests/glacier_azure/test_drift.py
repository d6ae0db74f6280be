"""What Azure has, compared with configs: named setting by setting, and gone after a deployment."""

from typing import Any
from uuid import uuid4

import pytest
from azure.mgmt.storage import StorageManagementClient

from glacier import Provider
from glacier_azure.config import AzureFunctionConfig, BlobConfig
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


def test_account_of_two_containers_is_told_of_once(azure: AzureServer) -> None:
    provider = Provider(config=azure.config())
    for name in ("a", "b"):
        config = BlobConfig(replication="GRS")
        provider.bucket(f"{name}-{uuid4().hex}", config=config)
    provider.deploy()
    client: Any = management_client(session_of(azure.config()), StorageManagementClient)
    account = session_of(azure.config()).account.name
    client.storage_accounts.update(GROUP, account, {"sku": {"name": "Standard_LRS"}})

    (found,) = provider.drift()

    assert found.setting == "sku.name"


def test_order_of_the_rules_of_an_account_is_no_drift(azure: AzureServer) -> None:
    provider, name = Provider(config=azure.config()), f"lake-{uuid4().hex}"
    rule = {"name": name, "base_blob": {"delete": {"days_after_creation_greater_than": 30}}}
    provider.bucket(name, "a/", config=BlobConfig(lifecycle_rules=[rule]))
    provider.deploy()
    client: Any = management_client(session_of(azure.config()), StorageManagementClient)
    where = (GROUP, session_of(azure.config()).account.name, "default")
    policy = client.management_policies.get(*where).as_dict()
    rules = policy["properties"]["policy"]["rules"]
    (own,) = [one for one in rules if one["name"] == name]
    filters = {**own["definition"]["filters"], "prefixMatch": ["elsewhere/"]}
    other = {**own, "name": "other", "definition": {**own["definition"], "filters": filters}}
    body = {"properties": {"policy": {"rules": [own, other]}}}
    client.management_policies.create_or_update(*where, body)

    assert provider.drift() == ()


@pytest.mark.parametrize("setting", ["AzureWebJobs.scheduled.Disabled", "WEBSITE_TIME_ZONE"])
def test_setting_by_which_a_schedule_does_not_fire_is_named_and_removed(
    azure: AzureServer, project: Project, setting: str
) -> None:
    function = deployed(azure, f"{project.module()}:run", schedule="0 0 6 * * *")
    name = function.function_name
    settings = {**settings_of(azure, name), setting: "Tokyo"}
    web(azure).web_apps.update_application_settings(GROUP, name, {"properties": settings})

    (found,) = function.drift()

    says = f"app settings.{setting} is 'another value' and should be None"
    assert str(found) == f"function app '{name}': {says}"
    function.provider.deploy()
    assert function.provider.drift() == ()


def test_identity_that_somebody_has_assigned_to_an_app_stays(
    azure: AzureServer, project: Project
) -> None:
    function = deployed(azure, f"{project.module()}:run")
    name, apps = function.function_name, web(azure).web_apps
    assigned = f"/subscriptions/s/resourceGroups/{GROUP}/providers/M.ManagedIdentity/x/readers"
    site: Any = apps.get(GROUP, name).as_dict()
    site["identity"] = {
        "type": "SystemAssigned, UserAssigned",
        "userAssignedIdentities": {assigned: {}},
    }
    apps.begin_create_or_update(GROUP, name, site).result()
    before = function.drift()
    function.config = AzureFunctionConfig(environment={"STAGE": "test"}, max_instances=50)

    function.deploy()

    assert before == ()
    identity = apps.get(GROUP, name).as_dict()["identity"]
    assert list(identity["userAssignedIdentities"]) == [assigned]


def test_libraries_of_a_pool_that_somebody_changed_are_not_told(azure: AzureServer) -> None:
    executor = synapse_executor(azure)
    executor.deploy()
    pool = pool_of(azure, executor)
    libraries = {"filename": "r.txt", "content": "--index-url https://me:password@example.com"}
    changed = {**pool["properties"], "libraryRequirements": libraries}
    put(azure, pool["id"], {"location": pool["location"], "properties": changed})

    found = {one.setting: one.found for one in executor.drift()}

    assert found["libraryRequirements.content"] == "another value"


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
