"""One identity for everything that talks to Azure.

A config stands for one identity: a key or a signature of the storage account, a service principal,
or what azure-identity finds by itself. It is resolved once; the clients, the filesystem and Polars
ask the same credential for every request, so that they can't disagree, and are refreshed together.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from glacier.credentials import ConfigCredentials
from glacier.errors import ConfigError, MissingPackageError
from glacier.storage import new_token
from glacier_azure.config import AzureConfig
from glacier_azure.storage.connection import fields_of

try:
    from azure.core.credentials import (
        AccessToken,
        AzureNamedKeyCredential,
        AzureSasCredential,
        TokenCredential,
    )
    from azure.identity import (
        ChainedTokenCredential,
        ClientSecretCredential,
        DefaultAzureCredential,
    )
    from azure.storage.blob import BlobServiceClient
except ImportError as error:
    raise MissingPackageError(
        "Azure needs azure-identity and azure-storage-blob, which are not installed. "
        'Run: pip install "glacier-core[azure]"',
        extra="azure",
    ) from error

if TYPE_CHECKING:
    from adlfs import AzureBlobFileSystem

STORAGE_SCOPE = "https://storage.azure.com/.default"
STORAGE_RETRIES = 5
"""How often a request to Blob Storage is tried again at most: with the pauses below that lasts some
20 seconds where errors come at once, about as long as Polars tries."""

_FIRST_PAUSE_SECONDS = 0.5
_PAUSE_BASE_SECONDS = 2
_USUAL_SUFFIX = "core.windows.net"
_KEPT_SESSIONS = 64


@dataclass(frozen=True, slots=True)
class StorageAccount:
    """A storage account and how it is entered.

    Attributes:
        name: Its name.
        endpoint: The address of its blobs, without a slash at its end.
        credential: What signs requests.
    """

    name: str
    endpoint: str
    credential: AzureNamedKeyCredential | AzureSasCredential | TokenCredential

    @property
    def suffix(self) -> str:
        """The suffix of the cloud that it is in: the usual one for emulators, which have none."""
        host = urlsplit(self.endpoint).hostname or ""
        _, found, suffix = host.partition(f"{self.name}.blob.")
        return suffix if found else _USUAL_SUFFIX

    @property
    def is_usual(self) -> bool:
        """Whether it has its public address, which everybody derives from its name."""
        return self.endpoint == _public_endpoint(self.name)


class AzureSession:
    """What a config stands for: clients, the filesystem and Polars' access, of one identity.

    Args:
        config: The provider's config.
    """

    def __init__(self, config: AzureConfig) -> None:
        self.config = config
        self._lock = threading.Lock()

    @cached_property
    def token_credential(self) -> TokenCredential:
        """What gets tokens for Azure's services: the service principal, or the ambient identity."""
        config = self.config
        with self._lock:
            if config.client_secret is not None:
                assert config.tenant_id is not None
                assert config.client_id is not None
                return ClientSecretCredential(
                    config.tenant_id, config.client_id, config.client_secret.get_secret_value()
                )
            found: dict[str, Any] = {"managed_identity_client_id": config.client_id}
            usual = DefaultAzureCredential(**{k: v for k, v in found.items() if v is not None})
            from glacier_azure.job.identity import pool_credential

            of_pool = pool_credential()
            return usual if of_pool is None else ChainedTokenCredential(of_pool, usual)

    @cached_property
    def account(self) -> StorageAccount:
        """The storage account whose containers are the buckets.

        Raises:
            ConfigError: The config names none.
        """
        config = self.config
        name = config.storage_account
        if name is None:
            raise ConfigError(
                "The provider's config names no storage account, which the URIs of its buckets "
                "hold. Set AzureConfig(storage_account=...) or AZURE_STORAGE_ACCOUNT."
            )
        found = {
            "account_key": _revealed(config.account_key),
            "sas_token": _revealed(config.sas_token),
            "endpoint": config.endpoint,
        }
        if not (found["account_key"] or found["sas_token"] or config.client_secret):
            found = {**found, **_ambient(name)}
        endpoint = config.endpoint or found["endpoint"] or _public_endpoint(name)
        credential: Any = self.token_credential  # found out on its first use
        if found["account_key"]:
            credential = AzureNamedKeyCredential(name, found["account_key"])
        elif found["sas_token"]:
            credential = AzureSasCredential(found["sas_token"])
        return StorageAccount(name, endpoint.rstrip("/"), credential)

    @cached_property
    def blobs(self) -> BlobServiceClient:
        """The client of the storage account; safe to share among threads."""
        account = self.account
        return BlobServiceClient(
            account.endpoint, credential=account.credential, **self.client_settings()
        )

    def client_settings(self) -> dict[str, Any]:  # Any: the SDK's own values
        """Return the settings with which the storage account's clients are made."""
        return {
            "connection_timeout": self.config.connect_timeout_seconds,
            "read_timeout": self.config.read_timeout_seconds,
            "retry_total": STORAGE_RETRIES,
            "initial_backoff": _FIRST_PAUSE_SECONDS,
            "increment_base": _PAUSE_BASE_SECONDS,
            "random_jitter_range": 0,
        }

    @property
    def storage_options(self) -> Mapping[str, Any]:
        """Polars' options for the storage account; no secret is among them."""
        account, config = self.account, self.config
        options = {
            "azure_storage_account_name": account.name,
            "connect_timeout": f"{round(config.connect_timeout_seconds * 1000)}ms",
            "read_timeout": f"{round(config.read_timeout_seconds * 1000)}ms",
        }
        if not account.is_usual:
            options["azure_storage_endpoint"] = account.endpoint
            if account.endpoint.startswith("http://"):
                options["azure_allow_http"] = "true"
        return options

    @cached_property
    def credential_provider(self) -> "AzureCredentials":
        """Polars' source of credentials."""
        return AzureCredentials(self.config, mark=new_token())

    @cached_property
    def filesystem(self) -> "AzureBlobFileSystem":
        """The fsspec filesystem."""
        from glacier_azure.filesystem import blob_filesystem

        return blob_filesystem(self)


class AzureCredentials(ConfigCredentials[AzureConfig]):
    """Gives Polars the credentials of a config's session."""

    def __call__(self) -> tuple[dict[str, str], int | None]:
        """Return what signs requests, and when it expires, in seconds since 1970."""
        credential = session_of(self.config).account.credential
        if isinstance(credential, AzureNamedKeyCredential):
            return {"account_key": credential.named_key.key}, None
        if isinstance(credential, AzureSasCredential):
            return {"sas_token": credential.signature}, None
        token: AccessToken = credential.get_token(STORAGE_SCOPE)
        return {"bearer_token": token.token}, token.expires_on


def session_of(config: AzureConfig) -> AzureSession:
    """Return the session of a config, the same for equal configs in the same environment."""
    names = ("AZURE_", "IDENTITY_", "MSI_")
    ambient = tuple(sorted(item for item in os.environ.items() if item[0].startswith(names)))
    return _session(config, ambient)


@lru_cache(maxsize=_KEPT_SESSIONS)
def _session(config: AzureConfig, ambient: tuple[tuple[str, str], ...]) -> AzureSession:  # noqa: ARG001
    return AzureSession(config)


def _ambient(account: str) -> dict[str, str]:
    """Return what the environment says of a storage account, as `AzureConfig` fields.

    The variables of another account say nothing.
    """
    text = os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
    found = fields_of(text) if text else {}
    if found.pop("storage_account", None) != account:
        found = {}
    if os.environ.get("AZURE_STORAGE_ACCOUNT") in {account, "", None}:
        own = {
            "account_key": os.environ.get("AZURE_STORAGE_KEY"),
            "sas_token": (os.environ.get("AZURE_STORAGE_SAS_TOKEN") or "").removeprefix("?"),
        }
        found |= {name: value for name, value in own.items() if value}
    return found


def _public_endpoint(account: str) -> str:
    return f"https://{account}.blob.{_USUAL_SUFFIX}"


def _revealed(secret: Any) -> str | None:  # Any: SecretStr, whose import the config has
    return None if secret is None else str(secret.get_secret_value())
