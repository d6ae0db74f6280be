"""The Azure configs."""

import pickle

import pytest
from pydantic import SecretStr, ValidationError

from glacier import Provider
from glacier.config.base import at_home, elsewhere
from glacier.errors import ConfigError
from glacier_azure.config import AzureConfig
from glacier_azure.hooks import glacier_config_from_env


def test_from_env_reads_the_standard_variables() -> None:
    environ = {
        "AZURE_RESOURCE_GROUP": "prod-rg",
        "AZURE_LOCATION": "westeurope",
        "AZURE_SUBSCRIPTION_ID": "sub",
        "AZURE_TENANT_ID": "tenant",
        "AZURE_STORAGE_ACCOUNT": "account",
        "AZURE_STORAGE_KEY": "k3y",
        "AZURE_CLIENT_ID": "client",
        "AZURE_CLIENT_SECRET": "s3cret",
        "AZURE_STORAGE_ENDPOINT": "http://127.0.0.1:10000/account",
        "AZURE_RESOURCE_MANAGER_ENDPOINT": "https://management.chinacloudapi.cn",
    }

    config = AzureConfig.from_env(environ)

    assert config == AzureConfig(
        resource_group="prod-rg",
        location="westeurope",
        subscription_id="sub",
        tenant_id="tenant",
        storage_account="account",
        account_key=SecretStr("k3y"),
        client_id="client",
        client_secret=SecretStr("s3cret"),
        endpoint="http://127.0.0.1:10000/account",
        management_endpoint="https://management.chinacloudapi.cn",
    )


def test_from_env_needs_the_resource_group_alone() -> None:
    environ = {"AZURE_RESOURCE_GROUP": "rg", "AZURE_CLIENT_ID": ""}

    assert AzureConfig.from_env(environ) == AzureConfig(resource_group="rg")


def test_from_env_without_a_resource_group_says_what_to_set() -> None:
    with pytest.raises(ConfigError, match="Set AZURE_RESOURCE_GROUP"):
        AzureConfig.from_env({})


STRING = "AccountName=lakes;AccountKey=k3y=;EndpointSuffix=core.windows.net"


@pytest.mark.parametrize(
    ("fields", "secret"),
    [
        ({"account_key": "k3y-canary"}, "k3y-canary"),
        ({"sas_token": "?sv=1&sig=s4s-canary"}, "s4s-canary"),
        ({"connection_string": "AccountName=lakes;AccountKey=c0n-canary"}, "c0n-canary"),
        (
            {"client_id": "app", "tenant_id": "here", "client_secret": "s3cret-canary"},
            "s3cret-canary",
        ),
    ],
)
def test_secret_is_in_no_repr_and_no_pickle(fields: dict[str, str], secret: str) -> None:
    config = AzureConfig.model_validate({"resource_group": "rg", **fields})

    shown = f"{config!r} {config} {config.model_dump_json()}"

    assert secret not in shown
    assert secret.encode() not in pickle.dumps(config)


def test_connection_string_sets_what_it_says() -> None:
    config = AzureConfig(resource_group="rg", connection_string=SecretStr(STRING))

    assert (config.storage_account, config.endpoint) == ("lakes", None)
    assert config.account_key == SecretStr("k3y=")


@pytest.mark.parametrize(
    ("text", "account", "endpoint"),
    [
        (
            "AccountName=lakes;AccountKey=k;EndpointSuffix=core.chinacloudapi.cn",
            "lakes",
            "https://lakes.blob.core.chinacloudapi.cn",
        ),
        (
            "BlobEndpoint=https://lakes.blob.core.windows.net/;SharedAccessSignature=sv=1&sig=s",
            "lakes",
            "https://lakes.blob.core.windows.net",
        ),
        (
            "UseDevelopmentStorage=true",
            "devstoreaccount1",
            "http://127.0.0.1:10000/devstoreaccount1",
        ),
    ],
)
def test_connection_strings_of_every_kind_are_understood(
    text: str, account: str, endpoint: str
) -> None:
    config = AzureConfig(resource_group="rg", connection_string=SecretStr(text))

    assert (config.storage_account, config.endpoint) == (account, endpoint)


def test_connection_string_that_is_none_is_not_repeated() -> None:
    with pytest.raises(ValidationError, match="names no storage account; expected") as failure:
        AzureConfig.model_validate({"resource_group": "rg", "connection_string": "s3cret-canary"})

    assert "canary" not in str(failure.value)


def test_connection_string_of_another_account_contradicts() -> None:
    with pytest.raises(ValidationError, match="storage_account='seas' and the connection_string"):
        AzureConfig(
            resource_group="rg", storage_account="seas", connection_string=SecretStr(STRING)
        )


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"account_key": "canary", "sas_token": "canary"},
            "two ways into one storage account; set one",
        ),
        ({"client_secret": "canary"}, "client_secret needs client_id and tenant_id"),
        (
            {"client_secret": "canary", "client_id": "c"},
            "client_secret needs client_id and tenant_id",
        ),
        ({"storage_account": "My-Lakes"}, "'My-Lakes' is not legal: names have 3 to 24 lower"),
        ({"resource_group": ""}, "at least 1 character"),
    ],
)
def test_config_that_can_not_be_used_is_refused(fields: dict[str, str], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem) as failure:
        AzureConfig.model_validate({"resource_group": "rg", **fields})

    assert "canary" not in str(failure.value)


def test_location_that_nobody_names_is_not_set() -> None:
    config = AzureConfig.from_env({"AZURE_RESOURCE_GROUP": "rg"})

    assert config.location == "eastus"
    assert "location" not in config.model_fields_set


def test_config_comes_home_as_it_left() -> None:
    config = AzureConfig(resource_group="rg", connection_string=SecretStr(STRING))
    with elsewhere():
        data = pickle.dumps(Provider(config=config))

    with at_home(config):
        arrived = pickle.loads(data)

    assert arrived.config == config


def test_environment_is_claimed_by_the_resource_group_alone() -> None:
    claimed = glacier_config_from_env({"AZURE_RESOURCE_GROUP": "rg"})

    assert claimed == AzureConfig(resource_group="rg")
    assert glacier_config_from_env({"AZURE_TENANT_ID": "tenant"}) is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://lakes.blob.core.windows.net/?sv=2024&sig=canary",
        "https://user:canary@lakes.blob.core.windows.net",
    ],
)
@pytest.mark.parametrize("field", ["endpoint", "management_endpoint"])
def test_endpoint_is_no_place_for_a_secret(field: str, endpoint: str) -> None:
    with pytest.raises(ValidationError, match=r"no place for a secret.*sas_token") as failure:
        AzureConfig.model_validate({"resource_group": "rg", field: endpoint})

    assert "canary" not in str(failure.value)


@pytest.mark.parametrize("endpoint", ["lakes.blob.core.windows.net", "ftp://host", "https://"])
def test_endpoint_is_an_address(endpoint: str) -> None:
    with pytest.raises(ValidationError, match="no address; expected one such as https://host/path"):
        AzureConfig(resource_group="rg", endpoint=endpoint)
