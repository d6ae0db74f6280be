"""Function apps as blocks of Terraform, that its provider's schema allows."""

from typing import Any

import pytest

from glacier import Provider
from glacier.config import AzureConfig, AzureFunctionConfig
from glacier.errors import FunctionError
from tests.rigs.terraform_schema import check_document

CONFIG = AzureConfig(
    resource_group="apps", location="westeurope", subscription_id="sub", storage_account="acmelake"
)
FLEX, PREMIUM = "azurerm_function_app_flex_consumption", "azurerm_linux_function_app"


@pytest.fixture
def provider() -> Provider:
    """An estate that nobody has to be asked about."""
    return Provider(CONFIG, tags={"team": "data"})


def make(provider: Provider, name: str = "acme-scorer", **config: Any) -> None:
    """Have a function among the provider's resources."""
    provider.serverless(name, "json:loads", "python3.12", AzureFunctionConfig(**config))


def resources(provider: Provider) -> dict[str, Any]:
    """Return the blocks of a document that the schema allows."""
    found: dict[str, Any] = check_document(provider.terraform())["resource"]
    return found


def roles_of(found: dict[str, Any]) -> set[tuple[str, str]]:
    """Return roles and what they are on."""
    return {
        (one["role_definition_name"], one["scope"].removeprefix("${azurerm_storage_container."))
        for one in found["azurerm_role_assignment"].values()
    }


def test_app_on_flex_consumption_has_every_setting(provider: Provider) -> None:
    make(provider, always_ready=1, max_instances=50, memory_mb=512, environment={"MODE": "fast"})

    found = resources(provider)

    app = found[FLEX]["acme-scorer"]
    settings = app.pop("app_settings")
    assert app == {
        "//": "Its code comes by Serverless.deploy(), once this is applied.",
        "name": "acme-scorer",
        "resource_group_name": "${azurerm_resource_group.apps.name}",
        "location": "westeurope",
        "service_plan_id": "${azurerm_service_plan.acme-scorer.id}",
        "https_only": True,
        "identity": {"type": "SystemAssigned"},
        "lifecycle": {"ignore_changes": ['tags["glacier-package"]']},
        "runtime_name": "python",
        "runtime_version": "3.12",
        "instance_memory_in_mb": 512,
        "maximum_instance_count": 50,
        "always_ready": [{"name": "http", "instance_count": 1}],
        "storage_container_type": "blobContainer",
        "storage_container_endpoint": "${azurerm_storage_account.acmelake.primary_blob_endpoint}"
        "${azurerm_storage_container.function-acme-scorer.name}",
        "storage_authentication_type": "SystemAssignedIdentity",
        "site_config": {},
        "tags": {"team": "data"},
    }
    assert (settings["MODE"], settings["AzureWebJobsStorage__accountName"]) == ("fast", "acmelake")
    assert found["azurerm_service_plan"]["acme-scorer"]["sku_name"] == "FC1"


def test_app_on_premium_has_every_setting(provider: Provider) -> None:
    make(provider, plan="premium", premium_size="EP2", always_ready=1, max_instances=5)

    found = resources(provider)

    app = found[PREMIUM]["acme-scorer"]
    assert found["azurerm_service_plan"]["acme-scorer"]["sku_name"] == "EP2"
    assert app["storage_uses_managed_identity"] is True
    assert app["site_config"] == {
        "application_stack": {"python_version": "3.12"},
        "elastic_instance_minimum": 1,
        "app_scale_limit": 5,
    }
    assert app["app_settings"]["SCM_DO_BUILD_DURING_DEPLOYMENT"] == "true"
    assert "FUNCTIONS_WORKER_RUNTIME" not in app["app_settings"]
    assert "storage_account_access_key" not in app


def test_identity_may_touch_its_own_containers_and_the_buckets(provider: Provider) -> None:
    provider.bucket("lake", "sales/")
    make(provider)

    found = resources(provider)

    assert roles_of(found) == {
        ("Storage Blob Data Owner", "azure-webjobs-hosts.id}"),
        ("Storage Blob Data Owner", "azure-webjobs-secrets.id}"),
        ("Storage Blob Data Contributor", "function-acme-scorer.id}"),
        ("Storage Blob Data Contributor", "lake.id}"),
    }
    principals = {one["principal_id"] for one in found["azurerm_role_assignment"].values()}
    assert principals == {f"${{{FLEX}.acme-scorer.identity[0].principal_id}}"}


def test_apps_of_an_estate_share_what_the_host_needs(provider: Provider) -> None:
    make(provider, "acme-scorer")
    make(provider, "acme-loader", plan="premium")

    found = resources(provider)

    assert set(found["azurerm_storage_container"]) == {
        "azure-webjobs-hosts",
        "azure-webjobs-secrets",
        "function-acme-scorer",
    }
    assert len(found["azurerm_role_assignment"]) == 5


def test_overrides_are_merged_last(provider: Provider) -> None:
    overrides = {
        FLEX: {"public_network_access_enabled": False, "site_config": {"http2_enabled": True}},
        "azurerm_service_plan": {"zone_balancing_enabled": True},
    }
    make(provider, overrides=overrides)

    found = resources(provider)

    assert found[FLEX]["acme-scorer"]["public_network_access_enabled"] is False
    assert found[FLEX]["acme-scorer"]["site_config"] == {"http2_enabled": True}
    assert found["azurerm_service_plan"]["acme-scorer"]["zone_balancing_enabled"] is True


def test_runtime_that_azure_does_not_have_is_refused(provider: Provider) -> None:
    provider.serverless("acme-scorer", "json:loads", "python3.10")

    with pytest.raises(FunctionError, match=r"asks for the runtime 'python3\.10'"):
        provider.terraform()
