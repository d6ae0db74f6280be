"""The Azure configs."""

import pytest
from pydantic import SecretStr

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


def test_repr_shows_no_secret() -> None:
    config = AzureConfig(resource_group="rg", account_key=SecretStr("k3y"))

    assert "k3y" not in repr(config)


def test_environment_is_claimed_by_the_resource_group_alone() -> None:
    claimed = glacier_config_from_env({"AZURE_RESOURCE_GROUP": "rg"})

    assert claimed == AzureConfig(resource_group="rg")
    assert glacier_config_from_env({"AZURE_TENANT_ID": "tenant"}) is None
