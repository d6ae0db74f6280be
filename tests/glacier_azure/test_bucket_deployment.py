"""Deploying containers: what Azure holds afterwards, and after a change."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl
import pytest
from azure.storage.blob import AccessPolicy, BlobServiceClient
from polars.testing import assert_frame_equal

from glacier import Provider
from glacier.errors import AccessDeniedError, ConfigError, ContradictionError, StorageError
from glacier.jobs.staging import prepared_staging
from glacier_azure.config import BlobConfig
from glacier_azure.storage.connection import DEVELOPMENT_ACCOUNT, DEVELOPMENT_KEY
from tests.glacier_azure.arm import ACCOUNTS, GROUP_ID, Manager, changes
from tests.rigs.azure.azurite import Azurite
from tests.rigs.azure.server import AzureServer

ARCHIVE: dict[str, Any] = {
    "name": "archive-old-data",
    "base_blob": {"tier_to_archive": {"days_after_modification_greater_than": 30}},
}
DROP: dict[str, Any] = {
    "name": "drop-scratch",
    "base_blob": {"delete": {"days_after_modification_greater_than": 1}},
}
SWITCHED_OFF = {"allowPermanentDelete": False, "enabled": False}


@pytest.fixture
def name() -> str:
    return f"lake-{uuid4().hex}"


@pytest.fixture
def store(azurite: Azurite) -> BlobServiceClient:
    return BlobServiceClient(azurite.endpoint, credential=DEVELOPMENT_KEY)


@pytest.fixture
def provider(azurite: Azurite) -> Provider:
    """One without a subscription."""
    return Provider(config=azurite.config())


@pytest.fixture
def manager(azure_server: AzureServer, monkeypatch: pytest.MonkeyPatch) -> Manager:
    """Resource Manager, and an environment with a managed identity."""
    for key, value in azure_server.identity.items():
        monkeypatch.setenv(key, value)
    manager = Manager(azure_server)
    azure_server.requests(forget=True)
    return manager


@pytest.fixture
def account() -> str:
    """The name of an account that nobody has."""
    return f"lakes{uuid4().hex[:16]}"


def on(server: AzureServer, account: str, **fields: object) -> Provider:
    """Return a provider with a subscription, for an account."""
    return Provider(config=server.config(storage_account=account, **fields), tags={"team": "data"})


# By the account's own endpoint.


def test_container_without_config_is_private(
    provider: Provider, store: BlobServiceClient, name: str
) -> None:
    provider.bucket(name).deploy()

    found = store.get_container_client(name).get_container_properties()
    assert found.public_access is None


def test_container_is_deployed_again_without_a_change(
    provider: Provider, store: BlobServiceClient, name: str
) -> None:
    bucket = provider.bucket(name, config=BlobConfig(container_access="blob"))
    bucket.deploy()
    before = store.get_container_client(name).get_container_properties()

    bucket.deploy()

    after = store.get_container_client(name).get_container_properties()
    assert (after.etag, after.public_access) == (before.etag, "blob")


def test_public_access_is_changed_in_place_and_stored_policies_stay(
    provider: Provider, store: BlobServiceClient, name: str
) -> None:
    client = store.create_container(name, public_access="container")
    client.set_container_access_policy(
        {"readers": AccessPolicy(permission="r", expiry="2030-01-01T00:00:00Z")},
        public_access="container",
    )

    provider.bucket(name).deploy()

    found = client.get_container_access_policy()
    assert found["public_access"] is None
    assert [one.id for one in found["signed_identifiers"]] == ["readers"]


def test_soft_delete_is_set_by_the_accounts_endpoint(tmp_path: Path, name: str) -> None:
    found = []
    with Azurite(tmp_path) as own:
        store = BlobServiceClient(own.endpoint, credential=DEVELOPMENT_KEY)
        for days in (30, 5, 0):
            config = BlobConfig(soft_delete_retention_days=days)
            Provider(config=own.config()).bucket(name, config=config).deploy()
            policy = store.get_service_properties()["delete_retention_policy"]
            found.append((policy.enabled, policy.days))

    assert found == [(True, 30), (True, 5), (False, None)]


def test_soft_delete_that_nobody_sets_stays_as_it_is(
    provider: Provider, store: BlobServiceClient, name: str
) -> None:
    before = store.get_service_properties()["delete_retention_policy"]

    provider.bucket(name).deploy()

    after = store.get_service_properties()["delete_retention_policy"]
    assert (after.enabled, after.days) == (before.enabled, before.days)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"replication": "LRS"}, "replication of a BlobConfig"),
        ({"hierarchical_namespace": True}, "hierarchical_namespace of"),
        ({"lifecycle_rules": [ARCHIVE]}, "lifecycle_rules of"),
        ({"overrides": {"storageAccounts": {"tags": {}}}}, r"overrides\['storageAccounts'\] of"),
        ({"overrides": {"containers": {"x": 1}}}, r"overrides\['containers'\] of"),
    ],
)
def test_what_only_resource_manager_sets_needs_a_subscription(
    fields: dict[str, Any], said: str, provider: Provider, name: str
) -> None:
    bucket = provider.bucket(name, config=BlobConfig.model_validate(fields))

    with pytest.raises(ConfigError, match=rf"{said}.*Set AzureConfig\(subscription_id=\.\.\.\)"):
        bucket.deploy()

    assert not provider.bucket(name).exists()


def test_tier_and_terraform_need_no_subscription(provider: Provider, name: str) -> None:
    config = BlobConfig(tier="Cool", overrides={"azurerm_storage_account": {"is_hns_enabled": 1}})

    provider.bucket(name, config=config).deploy()

    assert provider.bucket(name).exists()


def test_contradiction_is_found_before_anything_is_made(provider: Provider, name: str) -> None:
    provider.bucket(name, "hot/", config=BlobConfig(soft_delete_retention_days=3))
    other = provider.bucket(f"{name}-2", config=BlobConfig(soft_delete_retention_days=5))

    with pytest.raises(ContradictionError, match=r"soft_delete_retention_days=3 .*=5"):
        other.deploy()

    assert not other.exists()


def test_default_staging_is_made_once_and_privately(
    provider: Provider, store: BlobServiceClient
) -> None:
    staging = prepared_staging(provider)
    before = store.get_container_client(staging.bucket_name).get_container_properties()

    prepared_staging(provider)

    after = store.get_container_client(staging.bucket_name).get_container_properties()
    uri = f"abfs://glacier-staging@{DEVELOPMENT_ACCOUNT}.dfs.core.windows.net/jobs/"
    assert staging.get_uri() == uri
    assert (after.etag, after.public_access) == (before.etag, None)


# By Resource Manager.


def test_account_is_made_with_safe_settings(
    azure_server: AzureServer, manager: Manager, account: str, name: str
) -> None:
    on(azure_server, account).bucket(name).deploy()

    found = manager.get(f"{ACCOUNTS}/{account}")
    assert (found["sku"]["name"], found["kind"]) == ("Standard_LRS", "StorageV2")
    assert (found["location"], found["tags"]) == ("eastus", {"team": "data"})
    properties = found["properties"]
    assert properties["allowBlobPublicAccess"] is False
    assert properties["minimumTlsVersion"] == "TLS1_2"
    assert properties["supportsHttpsTrafficOnly"] is True
    assert "isHnsEnabled" not in properties
    service = manager.properties(f"{ACCOUNTS}/{account}/blobServices/default")
    retention = {"enabled": True, "days": 7, "allowPermanentDelete": False}
    assert service == {"cors": {"corsRules": []}, "deleteRetentionPolicy": retention}
    container = manager.properties(f"{ACCOUNTS}/{account}/blobServices/default/containers/{name}")
    assert container == {
        "publicAccess": "None",
        "defaultEncryptionScope": "$account-encryption-key",
    }


def test_every_setting_is_deployed_and_again_without_a_change(
    azure_server: AzureServer, manager: Manager, account: str, name: str
) -> None:
    config = BlobConfig(
        replication="RA-GRS",
        encryption_scope="lakes",
        soft_delete_retention_days=30,
        lifecycle_rules=[ARCHIVE],
        container_access="blob",
        hierarchical_namespace=True,
        overrides={
            "storageAccounts": {"properties": {"allowSharedKeyAccess": False}},
            "blobServices": {"properties": {"isVersioningEnabled": True}},
            "containers": {"properties": {"metadata": {"owner": "sales"}}},
        },
    )
    bucket = on(azure_server, account).bucket(name, "hot-data/", config=config)

    bucket.deploy()
    azure_server.requests(forget=True)
    bucket.deploy()

    assert changes(azure_server) == []
    found = manager.get(f"{ACCOUNTS}/{account}")
    assert found["sku"]["name"] == "Standard_RAGRS"
    properties = found["properties"]
    assert (properties["isHnsEnabled"], properties["allowBlobPublicAccess"]) == (True, True)
    assert properties["allowSharedKeyAccess"] is False
    service = manager.properties(f"{ACCOUNTS}/{account}/blobServices/default")
    assert service["deleteRetentionPolicy"]["days"] == 30
    assert service["isVersioningEnabled"] is True
    policy = manager.properties(f"{ACCOUNTS}/{account}/managementPolicies/default")
    assert policy["policy"]["rules"] == [
        {
            "name": "archive-old-data",
            "enabled": True,
            "type": "Lifecycle",
            "definition": {
                "filters": {"blobTypes": ["blockBlob"], "prefixMatch": [f"{name}/hot-data/"]},
                "actions": {
                    "baseBlob": {"tierToArchive": {"daysAfterModificationGreaterThan": 30}}
                },
            },
        }
    ]
    scope = manager.properties(f"{ACCOUNTS}/{account}/encryptionScopes/lakes")
    assert scope == {"source": "Microsoft.Storage", "state": "Enabled"}
    container = manager.properties(f"{ACCOUNTS}/{account}/blobServices/default/containers/{name}")
    assert container == {
        "publicAccess": "Blob",
        "defaultEncryptionScope": "lakes",
        "denyEncryptionScopeOverride": False,
        "metadata": {"owner": "sales"},
    }


def test_settings_are_changed_in_place_and_those_that_nobody_sets_stay(
    azure_server: AzureServer, manager: Manager, account: str, name: str
) -> None:
    before = BlobConfig(replication="GRS", soft_delete_retention_days=30, lifecycle_rules=[DROP])
    on(azure_server, account).bucket(name, config=before).deploy()
    azure_server.requests(forget=True)
    after = Provider(
        config=azure_server.config(storage_account=account), tags={"team": "sales", "stage": "test"}
    )

    after.bucket(name, config=BlobConfig(soft_delete_retention_days=5)).deploy()

    assert changes(azure_server) == [
        ("PATCH", account),
        ("PUT", f"{account}/blobServices/default"),
    ]
    found = manager.get(f"{ACCOUNTS}/{account}")
    assert (found["sku"]["name"], found["tags"]["team"]) == ("Standard_GRS", "sales")
    service = manager.properties(f"{ACCOUNTS}/{account}/blobServices/default")
    assert service["deleteRetentionPolicy"]["days"] == 5
    assert service["cors"] == {"corsRules": []}
    policy = manager.properties(f"{ACCOUNTS}/{account}/managementPolicies/default")
    assert [rule["name"] for rule in policy["policy"]["rules"]] == ["drop-scratch"]


def test_account_becomes_public_where_a_container_asks(
    azure_server: AzureServer, manager: Manager, account: str, name: str
) -> None:
    on(azure_server, account).bucket(name).deploy()
    public = BlobConfig(container_access="container")

    on(azure_server, account).bucket(name, config=public).deploy()

    found = manager.get(f"{ACCOUNTS}/{account}")
    container = manager.properties(f"{ACCOUNTS}/{account}/blobServices/default/containers/{name}")
    assert found["properties"]["allowBlobPublicAccess"] is True
    assert container["publicAccess"] == "Container"


def test_lifecycle_rules_of_other_containers_stay(
    azure_server: AzureServer, manager: Manager, account: str, name: str
) -> None:
    policy = f"{ACCOUNTS}/{account}/managementPolicies/default"
    other = on(azure_server, account).bucket("other", config=BlobConfig(lifecycle_rules=[DROP]))
    other.deploy()
    mine = on(azure_server, account).bucket(name, config=BlobConfig(lifecycle_rules=[ARCHIVE]))

    mine.deploy()
    both = [rule["name"] for rule in manager.properties(policy)["policy"]["rules"]]
    on(azure_server, account).bucket(name, config=BlobConfig(lifecycle_rules=[])).deploy()

    assert both == ["drop-scratch", "archive-old-data"]
    rules = manager.properties(policy)["policy"]["rules"]
    assert [rule["name"] for rule in rules] == ["drop-scratch"]


def test_account_notes_accesses_before_a_rule_counts_from_the_last(
    azure_server: AzureServer, manager: Manager, account: str, name: str
) -> None:
    on(azure_server, account).bucket("other").deploy()
    azure_server.requests(forget=True)
    idle = {"base_blob": {"delete": {"days_after_last_access_time_greater_than": 90}}}
    bucket = on(azure_server, account).bucket(name, config=BlobConfig(lifecycle_rules=[idle]))

    bucket.deploy()

    assert changes(azure_server)[:2] == [
        ("PUT", f"{account}/blobServices/default"),
        ("PUT", f"{account}/managementPolicies/default"),
    ]
    service = manager.properties(f"{ACCOUNTS}/{account}/blobServices/default")
    assert service["lastAccessTimeTrackingPolicy"]["enable"] is True
    assert service["deleteRetentionPolicy"]["days"] == 7
    bucket.deploy()
    assert changes(azure_server) == []


def test_last_lifecycle_rule_goes_with_the_policy(
    azure_server: AzureServer, manager: Manager, account: str, name: str
) -> None:
    on(azure_server, account).bucket(name, config=BlobConfig(lifecycle_rules=[DROP])).deploy()

    on(azure_server, account).bucket(name, config=BlobConfig(lifecycle_rules=[])).deploy()

    assert manager.get(f"{ACCOUNTS}/{account}/managementPolicies/default") is None


def test_every_action_of_a_lifecycle_rule_is_deployed(
    azure_server: AzureServer, manager: Manager, account: str, name: str
) -> None:
    rule: dict[str, Any] = {
        "name": "all",
        "enabled": False,
        "prefix": "tmp/",
        "tags": {"kind": "scratch"},
        "base_blob": {
            "tier_to_cool": {"days_after_last_access_time_greater_than": 7},
            "tier_to_cold": {"days_after_creation_greater_than": 14},
            "tier_to_archive": {
                "days_after_modification_greater_than": 30,
                "days_after_last_tier_change_greater_than": 7,
            },
            "delete": {"days_after_modification_greater_than": 400},
            "enable_auto_tier_to_hot_from_cool": True,
        },
        "snapshot": {"delete": {"days_after_creation_greater_than": 90}},
        "version": {"tier_to_cold": {"days_after_creation_greater_than": 7}},
    }

    on(azure_server, account).bucket(name, config=BlobConfig(lifecycle_rules=[rule])).deploy()

    policy = manager.properties(f"{ACCOUNTS}/{account}/managementPolicies/default")
    assert policy["policy"]["rules"] == [
        {
            "name": "all",
            "enabled": False,
            "type": "Lifecycle",
            "definition": {
                "filters": {
                    "blobTypes": ["blockBlob"],
                    "prefixMatch": [f"{name}/tmp/"],
                    "blobIndexMatch": [{"name": "kind", "op": "==", "value": "scratch"}],
                },
                "actions": {
                    "baseBlob": {
                        "tierToCool": {"daysAfterLastAccessTimeGreaterThan": 7},
                        "tierToCold": {"daysAfterCreationGreaterThan": 14},
                        "tierToArchive": {
                            "daysAfterModificationGreaterThan": 30,
                            "daysAfterLastTierChangeGreaterThan": 7,
                        },
                        "delete": {"daysAfterModificationGreaterThan": 400},
                        "enableAutoTierToHotFromCool": True,
                    },
                    "snapshot": {"delete": {"daysAfterCreationGreaterThan": 90}},
                    "version": {"tierToCold": {"daysAfterCreationGreaterThan": 7}},
                },
            },
        }
    ]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            BlobConfig(),
            BlobConfig(hierarchical_namespace=True),
            "was made with hierarchical_namespace=False, and configs say True",
        ),
        (
            BlobConfig(encryption_scope="lakes"),
            BlobConfig(encryption_scope="seas"),
            "was made with 'lakes' as its encryption scope, and configs say 'seas'",
        ),
        (
            BlobConfig(),
            BlobConfig(encryption_scope="seas"),
            "was made with the account's own key as its encryption scope",
        ),
        (
            BlobConfig(replication="LRS"),
            BlobConfig(replication="ZRS"),
            "Resource Manager failed at the storage account .*SkuChangeNotAllowed",
        ),
    ],
)
def test_what_azure_can_not_change_is_refused(
    before: BlobConfig,
    after: BlobConfig,
    said: str,
    azure_server: AzureServer,
    manager: Manager,
    account: str,
    name: str,
) -> None:
    on(azure_server, account).bucket(name, config=before).deploy()

    with pytest.raises(StorageError, match=said):
        on(azure_server, account).bucket(name, config=after).deploy()


def test_account_of_another_location_is_left_alone(
    azure_server: AzureServer, manager: Manager, account: str, name: str
) -> None:
    on(azure_server, account, location="West Europe").bucket(name).deploy()
    on(azure_server, account, location="westeurope").bucket(name).deploy()

    with pytest.raises(StorageError, match=r"is in 'westeurope', and .* says 'eastus'"):
        on(azure_server, account, location="eastus").bucket(name).deploy()


def test_account_of_somebody_else_is_refused(
    azure_server: AzureServer, manager: Manager, account: str, name: str
) -> None:
    theirs = GROUP_ID.replace("glacier-tests", "theirs")
    manager.put(theirs, {"location": "eastus"})
    manager.put(
        f"{theirs}/providers/Microsoft.Storage/storageAccounts/{account}",
        {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2", "location": "eastus"},
    )

    with pytest.raises(AccessDeniedError, match=rf"{account}' belongs to somebody else"):
        on(azure_server, account).bucket(name).deploy()


def test_missing_resource_group_is_named(
    azure_server: AzureServer, manager: Manager, account: str, name: str
) -> None:
    provider = on(azure_server, account, resource_group="nowhere")

    with pytest.raises(ConfigError, match=r"no resource group 'nowhere' for the storage account"):
        provider.bucket(name).deploy()


def test_container_made_by_resource_manager_is_written_and_read(
    azure_server: AzureServer, manager: Manager, name: str
) -> None:
    bucket = on(azure_server, DEVELOPMENT_ACCOUNT).bucket(name, "rows.parquet")
    rows = pl.DataFrame({"n": [1, 2, 3]})

    bucket.deploy()
    bucket.write(rows)

    assert_frame_equal(bucket.read(), rows)


def test_deploying_without_an_identity_says_so(
    azure_server: AzureServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")

    with pytest.raises(AccessDeniedError, match="No credential was found for the storage account"):
        on(azure_server, DEVELOPMENT_ACCOUNT).bucket(name).deploy()


def test_token_of_nobody_is_refused(
    azure_server: AzureServer, manager: Manager, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_HEADER", "wrong")

    with pytest.raises(AccessDeniedError, match="for the storage account"):
        on(azure_server, DEVELOPMENT_ACCOUNT).bucket(name).deploy()
