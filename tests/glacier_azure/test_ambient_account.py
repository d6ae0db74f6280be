"""What a config leaves open of its storage account is the environment's, as an identity is."""

import base64
import json

import polars as pl
import pytest

from glacier import Provider
from glacier.config import AzureConfig
from glacier.errors import ConfigError
from glacier_azure.session import STORAGE_SCOPE, session_of
from tests.glacier_azure.blobs import Blobs
from tests.rigs.azure.azurite import Azurite
from tests.rigs.azure.directory import CLIENT
from tests.rigs.azure.identity import MANAGED_IDENTITY, TENANT
from tests.rigs.azure.server import AzureServer

KEY = "a2V5"
CONNECTION = f"AccountName=connected;AccountKey={KEY};EndpointSuffix=core.chinacloudapi.cn"


def account_of(config: AzureConfig) -> tuple[str, str, str]:
    """Return name, address and kind of credential of a config's account."""
    found = session_of(config).account
    return found.name, found.endpoint, type(found.credential).__name__


def test_config_without_an_account_has_that_of_the_environment(
    azurite: Azurite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in azurite.environment.items():
        monkeypatch.setenv(name, value)
    bucket = Provider(config=AzureConfig(resource_group="rg")).bucket(Blobs(azurite).name, "f.csv")

    bucket.write(pl.DataFrame({"n": [1]}))

    assert bucket.read()["n"].to_list() == [1]


def test_account_of_the_environment_may_be_a_connection_string(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", CONNECTION)

    found = account_of(AzureConfig(resource_group="rg"))

    endpoint = "https://connected.blob.core.chinacloudapi.cn"
    assert found == ("connected", endpoint, "AzureNamedKeyCredential")


def test_named_account_comes_before_that_of_a_connection_string(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", CONNECTION)
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "named")

    found = account_of(AzureConfig(resource_group="rg"))

    assert found == ("named", "https://named.blob.core.windows.net", "AmbientCredential")


def test_account_of_a_config_takes_nothing_from_the_variables_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "other")
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)
    monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", "http://127.0.0.1:1/other")

    found = account_of(AzureConfig(resource_group="rg", storage_account="own"))

    assert found == ("own", "https://own.blob.core.windows.net", "AmbientCredential")


@pytest.mark.parametrize(
    ("secrets", "kind"),
    [
        ({"sas_token": "sig=s"}, "AzureSasCredential"),
        ({"tenant_id": "t", "client_id": "c", "client_secret": "s"}, "ClientSecretCredential"),
    ],
)
def test_identity_of_a_config_comes_before_a_key_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, secrets: dict[str, str], kind: str
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "named")
    monkeypatch.setenv("AZURE_STORAGE_KEY", KEY)

    found = account_of(AzureConfig.model_validate({"resource_group": "rg", **secrets}))

    assert found == ("named", "https://named.blob.core.windows.net", kind)


def test_connection_string_of_the_environment_that_is_none_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "s3cret-canary")

    with pytest.raises(ConfigError, match="AZURE_STORAGE_CONNECTION_STRING can't be") as failure:
        account_of(AzureConfig(resource_group="rg", storage_account="own"))

    assert "canary" not in str(failure.value)


@pytest.mark.parametrize("key", ["AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN"])
def test_managed_identity_of_a_config_comes_before_a_key_of_the_environment(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(key, KEY)

    found = account_of(AzureConfig(resource_group="rg", storage_account="own", client_id="managed"))

    assert found == ("own", "https://own.blob.core.windows.net", "AmbientCredential")


def test_managed_identity_of_a_config_comes_before_a_principal_of_the_environment(
    azure_server: AzureServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    principal = {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT, "AZURE_CLIENT_SECRET": "x"}
    nowhere = {"AZURE_AUTHORITY_HOST": "https://127.0.0.1:9"}
    for name, value in {**principal, **nowhere, **azure_server.identity}.items():
        monkeypatch.setenv(name, value)
    config = AzureConfig(resource_group="rg", client_id=MANAGED_IDENTITY)

    found = session_of(config).token_credential.get_token(STORAGE_SCOPE)

    claims = json.loads(base64.urlsafe_b64decode(found.token.split(".")[1] + "=="))
    assert claims["oid"] == MANAGED_IDENTITY


def test_account_that_nobody_names_is_an_error_where_it_is_needed() -> None:
    bucket = Provider(config=AzureConfig(resource_group="rg")).bucket("data-lake", "f.csv")

    with pytest.raises(ConfigError, match=r"names no storage account.*AZURE_STORAGE_ACCOUNT"):
        bucket.scan()
