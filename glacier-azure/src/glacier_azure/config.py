"""The Azure configs."""

import os
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from glacier.config.base import ProviderConfig
from glacier.errors import ConfigError
from glacier_azure.resource_configs import AzureFunctionConfig, BlobConfig, SynapseConfig
from glacier_azure.storage.connection import fields_of
from glacier_azure.storage.names import ACCOUNT_NAME

__all__ = ["AzureConfig", "AzureFunctionConfig", "BlobConfig", "SynapseConfig"]

_KEYS = frozenset({"account_key", "sas_token"})


class AzureConfig(ProviderConfig):
    """A resource group, its storage account, and the identity to use there.

    A key, a shared access signature or a connection string reaches the storage account; a service
    principal reaches everything, the storage account too where none of those is set. Without any
    of them the ambient identity is used: a key of this very account in the environment, else what
    azure-identity's `DefaultAzureCredential` finds.
    """

    of_identity = frozenset({"client_id", "tenant_id"})

    resource_group: str = Field(min_length=1)
    """The group that holds the resources. Environment variable: `AZURE_RESOURCE_GROUP`."""

    location: str = "eastus"
    """The region of the resources. Environment variable: `AZURE_LOCATION`."""

    subscription_id: str | None = None
    """The subscription that pays; needed where resources are made or looked up, and for functions.
    Environment variable: `AZURE_SUBSCRIPTION_ID`."""

    tenant_id: str | None = None
    """The directory that the identity belongs to. Environment variable: `AZURE_TENANT_ID`.
    Maps to azure-identity's `tenant_id`."""

    storage_account: str | None = None
    """The account whose containers are the buckets; needed once data is read or written.
    Environment variable: `AZURE_STORAGE_ACCOUNT`. Where None, the environment's account is ambient,
    as an identity is: that of this variable, else that of `AZURE_STORAGE_CONNECTION_STRING`."""

    account_key: SecretStr | None = None
    """A key of the storage account. Environment variable: `AZURE_STORAGE_KEY`."""

    sas_token: SecretStr | None = None
    """A shared access signature of the storage account, with or without the leading `?`.
    Environment variable: `AZURE_STORAGE_SAS_TOKEN`."""

    connection_string: SecretStr | None = None
    """The storage account's connection string, in place of account, key or signature, and
    endpoint. Environment variable: `AZURE_STORAGE_CONNECTION_STRING`."""

    client_id: str | None = None
    """The service principal, or the managed identity where no secret is given.
    Environment variable: `AZURE_CLIENT_ID`. Maps to azure-identity's `client_id` and
    `managed_identity_client_id`."""

    client_secret: SecretStr | None = None
    """The service principal's secret; needs `client_id` and `tenant_id`.
    Environment variable: `AZURE_CLIENT_SECRET`. Maps to azure-identity's `client_secret`."""

    endpoint: str | None = None
    """Where Blob Storage is reached instead of the account's public address, with the account's
    name where that belongs into the path: `http://127.0.0.1:10000/devstoreaccount1`.
    Environment variable: `AZURE_STORAGE_ENDPOINT`, which counts where None too, as long as the
    environment names no other account."""

    management_endpoint: str | None = None
    """Where Azure Resource Manager is reached instead of `https://management.azure.com`.
    Environment variable: `AZURE_RESOURCE_MANAGER_ENDPOINT`. Maps to the SDK's `base_url`."""

    connect_timeout_seconds: float = Field(default=10, ge=0.001)
    """After how many seconds without a connection a request is tried again. Maps to the SDK's
    `connection_timeout`, and to `connect_timeout` of Polars' storage options."""

    read_timeout_seconds: float = Field(default=60, ge=0.001)
    """After how many seconds without a byte a request is tried again. Maps to the SDK's
    `read_timeout`, and to that of Polars' storage options, without which Polars would wait for
    ever."""

    max_retries: int = Field(default=4, ge=0)
    """How often a request that failed for want of a sound answer is tried again: 4 times take some
    25 seconds of pauses. Maps to the SDK's `retry_total`, and where it is set to `max_retries` of
    Polars' storage options; Polars' own number (`POLARS_CLOUD_MAX_RETRIES` in the environment)
    counts for what it reads otherwise."""

    @model_validator(mode="before")
    @classmethod
    def _connection_string_sets_fields(cls, data: Any) -> Any:  # Any: whatever was given
        given = data.get("connection_string") if isinstance(data, Mapping) else None
        if given is None:
            return data
        text = given.get_secret_value() if isinstance(given, SecretStr) else str(given)
        found = fields_of(text)
        for name, value in found.items():
            if data.get(name) not in (None, value) and name not in _KEYS:
                raise ValueError(
                    f"{name}={data[name]!r} and the connection_string, which says {value!r}, "
                    "contradict each other; set one of them"
                )
        return {**found, **{name: value for name, value in data.items() if value is not None}}

    @field_validator("storage_account")
    @classmethod
    def _account_has_a_legal_name(cls, value: str | None) -> str | None:
        if value is not None and ACCOUNT_NAME.fullmatch(value) is None:
            raise ValueError(
                f"the storage account {value!r} is not legal: names have 3 to 24 lower case "
                "letters and digits"
            )
        return value

    @field_validator("endpoint", "management_endpoint")
    @classmethod
    def _endpoint_is_an_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://host")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("it is no address; expected one such as https://host/path")
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError(
                "an address is shown and sent to jobs, and is no place for a secret: expected one "
                "such as https://host/path; a shared access signature belongs in sas_token"
            )
        return value

    @field_validator("sas_token")
    @classmethod
    def _signature_has_no_question_mark(cls, value: SecretStr | None) -> SecretStr | None:
        return None if value is None else SecretStr(value.get_secret_value().removeprefix("?"))

    @model_validator(mode="after")
    def _identity_is_whole(self) -> Self:
        if self.account_key is not None and self.sas_token is not None:
            raise ValueError(
                "account_key and sas_token are two ways into one storage account; set one of them "
                "(AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN in the environment)"
            )
        if self.client_secret is not None and not (self.client_id and self.tenant_id):
            raise ValueError(
                "client_secret needs client_id and tenant_id (AZURE_CLIENT_ID and "
                "AZURE_TENANT_ID in the environment)"
            )
        return self

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Return the config that the standard Azure variables describe; an empty one is unset.

        Raises:
            ConfigError: `AZURE_RESOURCE_GROUP` is not set.
        """
        env = os.environ if environ is None else environ
        group = env.get("AZURE_RESOURCE_GROUP")
        if not group:
            raise ConfigError(
                "AzureConfig.from_env found no resource group. "
                "Set AZURE_RESOURCE_GROUP, or pass AzureConfig(resource_group=...)."
            )
        return cls(
            resource_group=group,
            **({"location": env["AZURE_LOCATION"]} if env.get("AZURE_LOCATION") else {}),
            subscription_id=env.get("AZURE_SUBSCRIPTION_ID") or None,
            tenant_id=env.get("AZURE_TENANT_ID") or None,
            storage_account=env.get("AZURE_STORAGE_ACCOUNT") or None,
            account_key=_secret(env, "AZURE_STORAGE_KEY"),
            sas_token=_secret(env, "AZURE_STORAGE_SAS_TOKEN"),
            connection_string=_secret(env, "AZURE_STORAGE_CONNECTION_STRING"),
            client_id=env.get("AZURE_CLIENT_ID") or None,
            client_secret=_secret(env, "AZURE_CLIENT_SECRET"),
            endpoint=env.get("AZURE_STORAGE_ENDPOINT") or None,
            management_endpoint=env.get("AZURE_RESOURCE_MANAGER_ENDPOINT") or None,
        )


def _secret(env: Mapping[str, str], name: str) -> SecretStr | None:
    value = env.get(name)
    return SecretStr(value) if value else None
