"""What a function app has to be, told without asking Azure."""

from typing import Any

import pytest
from azure.core.credentials import AzureSasCredential
from pydantic import ValidationError

from glacier import Provider, Serverless
from glacier.config import AzureConfig, AzureFunctionConfig
from glacier.errors import FunctionError
from glacier_azure.function.request import (
    app_settings,
    container_name,
    plan_request,
    site_request,
)
from glacier_azure.storage.access import StorageAccount
from glacier_azure.storage.names import check_bucket

BLOBS = "https://lake.blob.core.windows.net"
PLAN = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/serverfarms/score"


def make(name: str = "score", runtime: str = "python3.12", **config: Any) -> Serverless:
    account = AzureConfig(
        resource_group="g", location="westeurope", subscription_id="s", storage_account="lake"
    )
    provider = Provider(account, {"team": "data"})
    return provider.serverless(name, "json:loads", runtime, AzureFunctionConfig(**config))


def account(endpoint: str = BLOBS) -> StorageAccount:
    return StorageAccount("lake", endpoint, AzureSasCredential("s4s"))


def test_site_on_flex_consumption_has_every_setting() -> None:
    request = site_request(make(max_instances=7), PLAN, BLOBS)

    assert request == {
        "location": "westeurope",
        "kind": "functionapp,linux",
        "identity": {"type": "SystemAssigned"},
        "tags": {"team": "data"},
        "properties": {
            "serverFarmId": PLAN,
            "httpsOnly": True,
            "functionAppConfig": {
                "deployment": {
                    "storage": {
                        "type": "blobContainer",
                        "value": f"{BLOBS}/function-score",
                        "authentication": {"type": "SystemAssignedIdentity"},
                    }
                },
                "runtime": {"name": "python", "version": "3.12"},
                "scaleAndConcurrency": {
                    "instanceMemoryMB": 2048,
                    "maximumInstanceCount": 7,
                    "alwaysReady": [],
                },
            },
        },
    }


def test_site_on_premium_names_its_python() -> None:
    properties = site_request(make(plan="premium"), PLAN, BLOBS)["properties"]

    assert properties["siteConfig"] == {"linuxFxVersion": "Python|3.12"}
    assert "functionAppConfig" not in properties


@pytest.mark.parametrize(
    ("config", "sku", "kind"),
    [
        ({}, {"name": "FC1", "tier": "FlexConsumption"}, "functionapp"),
        (
            {"plan": "premium", "premium_size": "EP3"},
            {"name": "EP3", "tier": "ElasticPremium"},
            "elastic",
        ),
    ],
)
def test_plan_is_on_linux(config: dict[str, Any], sku: dict[str, str], kind: str) -> None:
    assert plan_request(make(**config)) == {
        "location": "westeurope",
        "kind": kind,
        "sku": sku,
        "properties": {"reserved": True},
        "tags": {"team": "data"},
    }


def test_overrides_are_merged_last_and_into_one_another() -> None:
    site = {"properties": {"httpsOnly": False, "siteConfig": {"minTlsVersion": "1.3"}}}
    function = make(overrides={"sites": site, "serverfarms": {"sku": {"capacity": 2}}})

    properties = site_request(function, PLAN, BLOBS)["properties"]

    assert plan_request(function)["sku"] == {
        "name": "FC1",
        "tier": "FlexConsumption",
        "capacity": 2,
    }
    assert properties["httpsOnly"] is False
    assert properties["siteConfig"] == {"minTlsVersion": "1.3"}
    assert properties["functionAppConfig"]["runtime"]["name"] == "python"


def test_settings_describe_the_provider_without_secrets() -> None:
    assert app_settings(make(environment={"MODE": "fast"}), account()) == {
        "AzureWebJobsStorage__accountName": "lake",
        "AZURE_RESOURCE_GROUP": "g",
        "AZURE_LOCATION": "westeurope",
        "AZURE_SUBSCRIPTION_ID": "s",
        "AZURE_STORAGE_ACCOUNT": "lake",
        "MODE": "fast",
        "GLACIER_SETTINGS": "AZURE_LOCATION,AZURE_RESOURCE_GROUP,AZURE_STORAGE_ACCOUNT,"
        "AZURE_SUBSCRIPTION_ID,AzureWebJobsStorage__accountName,MODE",
    }


def test_settings_name_the_services_of_an_account_in_another_cloud() -> None:
    settings = app_settings(make(), account("https://lake.blob.core.chinacloudapi.cn"))

    found = {name: value for name, value in settings.items() if name.startswith("AzureWeb")}
    assert found == {
        f"AzureWebJobsStorage__{service}ServiceUri": f"https://lake.{service}.core.chinacloudapi.cn"
        for service in ("blob", "queue", "table")
    }


def test_settings_on_premium_have_the_code_built() -> None:
    settings = app_settings(make(plan="premium"), account())

    assert settings["SCM_DO_BUILD_DURING_DEPLOYMENT"] == "true"
    assert settings["FUNCTIONS_WORKER_RUNTIME"] == "python"


def test_containers_of_apps_have_legal_names_that_differ() -> None:
    names = ["score", "Score-2", "a--b", "a-b", "x" * 60, f"{'x' * 59}y"]
    containers = [container_name(make(name)) for name in names]

    for name in containers:
        check_bucket(Provider(AzureConfig(resource_group="g")).bucket(name))
    assert len(set(containers)) == len(names)
    assert containers[:2] == ["function-score", "function-score-2"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("x", "it has 1 characters; expected 2 to 60"),
        ("x" * 61, "it has 61 characters"),
        ("my_function", "expected letters, digits and hyphens only"),
        ("-score", "expected a letter or a digit as its first and last"),
        ("score-", "expected a letter or a digit as its first and last"),
    ],
)
def test_name_that_no_app_can_have_is_refused(name: str, problem: str) -> None:
    with pytest.raises(FunctionError, match=rf"not legal on Azure, .*{problem}"):
        make(name)


@pytest.mark.parametrize(
    "schedule",
    [
        "0 0 6 * * *",
        "0 */5 * * * *",
        "*/30 * * * * *",
        "0 0 9-17 * * Mon-Fri",
        "0 5,35 8 1-15/3 Jan,jul Sunday",
        "%SCHEDULE%",
    ],
)
def test_schedule_of_six_fields_is_taken(schedule: str) -> None:
    assert AzureFunctionConfig(schedule=schedule).schedule == schedule


@pytest.mark.parametrize(
    ("schedule", "problem"),
    [
        ("0 6 * * *", "it has 5 fields"),
        ("rate(1 hour)", "it has 2 fields"),
        ("60 0 6 * * *", "its second '60' is not within 0 to 59"),
        ("0 0 24 * * *", "its hour '24' is not within 0 to 23"),
        ("0 0 6 0 * *", "its day '0' is not within 1 to 31"),
        ("0 0 6 * 13 *", "its month '13' is not within 1 to 12"),
        ("0 0 6 * * 7", "its day of the week '7' is not within 0 to 6"),
        ("0 0 6 * * Someday", "its day of the week 'Someday' is not within 0 to 6"),
        ("0 0 6 ? * *", r"its day '\?' is not a list of"),
        ("0 0 17-9 * * *", "its hour '17-9' runs backwards"),
        ("0 */0 * * * *", r"its minute '\*/0' has steps of 0"),
        ("*-5 * * * * *", r"has a range that begins with \*"),
    ],
)
def test_schedule_that_azure_does_not_take_is_refused(schedule: str, problem: str) -> None:
    with pytest.raises(ValidationError, match=rf"NCRONTAB expression: .*{problem}.*six fields"):
        AzureFunctionConfig(schedule=schedule)
