"""Synapse's workspaces and pools as blocks of Terraform."""

from typing import Any

import polars as pl
import pytest

from glacier import Provider, pipeline, task
from glacier.config import AzureConfig, BlobConfig, SynapseConfig
from glacier_azure.job.definition import pool_requirements
from tests.rigs.terraform_schema import check_document

CONFIG = AzureConfig(
    resource_group="lakes", location="westeurope", subscription_id="sub", storage_account="acmelake"
)
POOL = {"workspace": "acme-jobs", "spark_pool": "etl"}

FILE_SYSTEM = (
    "${azurerm_storage_account.acmejobssynapse.id}/blobServices/default/containers/"
    "${azurerm_storage_data_lake_gen2_filesystem.acme-jobs.name}"
)
"""What Resource Manager calls the workspace's own file system."""


@pytest.fixture
def provider() -> Provider:
    """An estate that nobody has to be asked about."""
    return Provider(CONFIG, tags={"team": "data"})


def resources(provider: Provider, *pipelines: Any) -> dict[str, Any]:
    found: dict[str, Any] = check_document(provider.terraform(pipelines))["resource"]
    return found


def only(found: dict[str, Any], kind: str) -> dict[str, Any]:
    (body,) = found[kind].values()
    result: dict[str, Any] = body
    return result


def roles_in(found: dict[str, Any]) -> set[tuple[str, str]]:
    bodies = found["azurerm_role_assignment"].values()
    assert {one["principal_id"] for one in bodies} == {
        "${azurerm_synapse_workspace.acme-jobs.identity[0].principal_id}"
    }
    return {(one["role_definition_name"], one["scope"]) for one in bodies}


def test_pool_is_what_deploy_makes(provider: Provider) -> None:
    config = SynapseConfig(**POOL, node_size="Medium", node_count=4, packages=["duckdb==1.2.3"])
    provider.executor("etl", config=config)

    pool = only(resources(provider), "azurerm_synapse_spark_pool")

    assert pool == {
        "name": "etl",
        "synapse_workspace_id": "${azurerm_synapse_workspace.acme-jobs.id}",
        "spark_version": "3.5",
        "node_size": "Medium",
        "node_size_family": "MemoryOptimized",
        "node_count": 4,
        "auto_pause": {"delay_in_minutes": 15},
        "library_requirement": {
            "content": pool_requirements(config),
            "filename": "requirements.txt",
        },
        "tags": {"team": "data"},
    }


def test_pool_that_scales_has_limits_in_place_of_a_number(provider: Provider) -> None:
    provider.executor("etl", config=SynapseConfig(**POOL, max_node_count=9, idle_minutes=None))

    pool = only(resources(provider), "azurerm_synapse_spark_pool")

    assert pool["auto_scale"] == {"min_node_count": 3, "max_node_count": 9}
    assert not {"node_count", "auto_pause"} & pool.keys()


def test_workspace_has_no_password_and_an_identity_of_its_own(provider: Provider) -> None:
    provider.executor("etl", config=SynapseConfig(**POOL))

    found = resources(provider)

    workspace = only(found, "azurerm_synapse_workspace")
    assert workspace["name"] == "acme-jobs"
    assert workspace["identity"] == {"type": "SystemAssigned"}
    assert workspace["azuread_authentication_only"] is True
    assert "sql_administrator_login" not in workspace
    assert workspace["location"] == "westeurope"
    assert not {"azurerm_synapse_firewall_rule", "azurerm_synapse_role_assignment"} & found.keys()


def test_workspace_has_an_account_of_its_own_beside_one_without_directories(
    provider: Provider,
) -> None:
    provider.executor("etl", config=SynapseConfig(**POOL))

    found = resources(provider)

    accounts = found["azurerm_storage_account"]
    file_system = only(found, "azurerm_storage_data_lake_gen2_filesystem")
    assert accounts.keys() == {"acmelake", "acmejobssynapse"}
    assert accounts["acmejobssynapse"]["is_hns_enabled"] is True
    assert file_system["storage_account_id"] == "${azurerm_storage_account.acmejobssynapse.id}"


def test_workspace_uses_the_providers_account_where_that_has_directories(
    provider: Provider,
) -> None:
    provider.bucket("lake", config=BlobConfig(hierarchical_namespace=True))
    provider.executor("etl", config=SynapseConfig(**POOL))

    found = resources(provider)

    file_system = only(found, "azurerm_storage_data_lake_gen2_filesystem")
    assert found["azurerm_storage_account"].keys() == {"acmelake"}
    assert file_system["storage_account_id"] == "${azurerm_storage_account.acmelake.id}"


def test_identity_may_touch_what_the_pipelines_touch_and_staging(provider: Provider) -> None:
    raw = provider.bucket("raw", "sales.parquet", schema={"day": pl.Int64})
    clean = provider.bucket("clean", "sales.parquet")
    provider.bucket("secret")
    executor = provider.executor("etl", config=SynapseConfig(**POOL))

    @task(executor=executor)
    def copied() -> None:
        clean.write(raw.scan())

    @pipeline
    def copying() -> None:
        copied()

    roles = roles_in(resources(provider, copying))

    assert roles == {
        ("Storage Blob Data Reader", "${azurerm_storage_container.raw.id}"),
        ("Storage Blob Data Contributor", "${azurerm_storage_container.clean.id}"),
        ("Storage Blob Data Contributor", "${azurerm_storage_container.glacier-staging.id}"),
        ("Storage Blob Data Contributor", FILE_SYSTEM),
    }


def test_operators_get_their_role_once_the_firewall_lets_them_in(provider: Provider) -> None:
    config = SynapseConfig(
        **POOL, operators=["1111-22"], allowed_addresses=["203.0.113.7", "10.0.0.0-10.0.0.9"]
    )
    provider.executor("etl", config=config)

    found = resources(provider)

    role = only(found, "azurerm_synapse_role_assignment")
    rules = found["azurerm_synapse_firewall_rule"].values()
    assert (role["role_name"], role["principal_id"]) == ("Synapse Compute Operator", "1111-22")
    assert len(role["depends_on"]) == 2
    assert {(one["start_ip_address"], one["end_ip_address"]) for one in rules} == {
        ("203.0.113.7", "203.0.113.7"),
        ("10.0.0.0", "10.0.0.9"),
    }


def test_pools_of_one_workspace_share_it(provider: Provider) -> None:
    provider.executor("etl", config=SynapseConfig(**POOL))
    provider.executor("ml", config=SynapseConfig(workspace="acme-jobs", spark_pool="ml"))

    found = resources(provider)

    assert len(found["azurerm_synapse_workspace"]) == 1
    assert {one["name"] for one in found["azurerm_synapse_spark_pool"].values()} == {"etl", "ml"}


def test_overrides_reach_the_blocks(provider: Provider) -> None:
    overrides = {
        "conf": {"spark.sql.shuffle.partitions": "8"},
        "pool": {"sparkConfigProperties": {"content": "spark.x 1\n", "filename": "spark.txt"}},
        "azurerm_synapse_workspace": {"managed_virtual_network_enabled": True},
        "azurerm_synapse_spark_pool": {"cache_size": 50},
        "azurerm_storage_account": {"account_replication_type": "ZRS"},
    }
    provider.executor("etl", config=SynapseConfig(**POOL, overrides=overrides))

    found = resources(provider)

    pool = only(found, "azurerm_synapse_spark_pool")
    assert only(found, "azurerm_synapse_workspace")["managed_virtual_network_enabled"] is True
    assert pool["spark_config"] == {"content": "spark.x 1\n", "filename": "spark.txt"}
    assert pool["cache_size"] == 50
    account = found["azurerm_storage_account"]["acmejobssynapse"]
    assert account["account_replication_type"] == "ZRS"
    assert "conf" not in pool
