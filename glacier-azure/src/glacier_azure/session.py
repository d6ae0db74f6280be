"""One identity for everything that talks to Azure.

A config stands for one identity: a key or a signature of the storage account, a service principal,
or what azure-identity finds by itself. It is resolved once; the clients, the filesystem and Polars
ask the same credential for every request, so that they can't disagree, and are refreshed together.
"""

import os
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from glacier.credentials import ConfigCredentials, made_once
from glacier.errors import MissingPackageError
from glacier.storage import new_token
from glacier_azure.config import AzureConfig
from glacier_azure.storage.signature import time_in

try:
    from azure.core.credentials import (
        AccessToken,
        AzureNamedKeyCredential,
        AzureSasCredential,
        TokenCredential,
    )
    from azure.core.exceptions import ClientAuthenticationError
    from azure.core.pipeline.transport import RequestsTransport
    from azure.identity import (
        AzureAuthorityHosts,
        ChainedTokenCredential,
        ClientSecretCredential,
    )
    from azure.storage.blob import BlobServiceClient, ExponentialRetry

    from glacier_azure.ambient import ambient_credential
    from glacier_azure.storage.access import StorageAccount, storage_account
except ImportError as error:
    raise MissingPackageError(
        "Azure needs azure-identity and azure-storage-blob, which are not installed. "
        'Run: pip install "glacier-core[azure]"',
        extra="azure",
    ) from error

if TYPE_CHECKING:
    from adlfs import AzureBlobFileSystem

STORAGE_SCOPE = "https://storage.azure.com/.default"
_PAUSE_BASE_SECONDS = 2
_PAUSE_OFFSET_SECONDS = -1.5
_PAUSE_JITTER_SECONDS = 0.25
"""The pauses before tries again: the SDK waits for `base ** try + offset` seconds, more or less the
jitter, so for 0.5, 2.5, 6.5 and 14.5 seconds."""

_KINDS_OF_FAILURE = ("total", "connect", "read", "status")
_KEPT_SESSIONS = 64
_KEPT_HOSTS = 10
_KEPT_CONNECTIONS = 32


class AzureSession:
    """What a config stands for: clients, the filesystem and Polars' access, of one identity.

    Args:
        config: The provider's config.
    """

    def __init__(self, config: AzureConfig) -> None:
        self.config = config
        self.lock = threading.RLock()  # of what is made once

    @made_once
    def token_credential(self) -> TokenCredential:
        """What gets tokens for Azure's services: the service principal, or the ambient identity."""
        config = self.config
        if config.client_secret is not None:
            assert config.tenant_id is not None
            assert config.client_id is not None
            return ClientSecretCredential(
                config.tenant_id,
                config.client_id,
                config.client_secret.get_secret_value(),
                disable_instance_discovery=not is_known_authority(),
            )
        usual = ambient_credential(config.client_id)
        from glacier_azure.job.identity import pool_credential

        of_pool = pool_credential()
        return usual if of_pool is None else ChainedTokenCredential(of_pool, usual)

    @made_once
    def account(self) -> StorageAccount:
        """The storage account whose containers are the buckets.

        What the config leaves open is ambient, as an identity is: the environment's account where
        the config names none, and of the very account its key and its endpoint.

        Raises:
            ConfigError: Neither names one.
        """
        return storage_account(self.config, self.token_credential)

    @made_once
    def blobs(self) -> BlobServiceClient:
        """The client of the storage account; safe to share among threads."""
        account, settings = self.account, self.client_settings()
        return BlobServiceClient(
            account.endpoint,
            credential=account.checked_credential(),
            transport=_transport(settings),
            retry_policy=PromptRetries(**settings),
            **settings,
        )

    def client_settings(self) -> dict[str, Any]:  # Any: the SDK's own values
        """Return the settings with which the storage account's clients are made."""
        return {
            "connection_timeout": self.config.connect_timeout_seconds,
            "read_timeout": self.config.read_timeout_seconds,
            **{f"retry_{kind}": self.config.max_retries for kind in _KINDS_OF_FAILURE},
            "initial_backoff": _PAUSE_OFFSET_SECONDS,
            "increment_base": _PAUSE_BASE_SECONDS,
            "random_jitter_range": _PAUSE_JITTER_SECONDS,
        }

    @property
    def storage_options(self) -> Mapping[str, Any]:
        """Polars' options for the storage account; no secret is among them."""
        account, config = self.account, self.config
        options: dict[str, Any] = {
            "azure_storage_account_name": account.name,
            "connect_timeout": f"{round(config.connect_timeout_seconds * 1000)}ms",
            "read_timeout": f"{round(config.read_timeout_seconds * 1000)}ms",
        }
        if "max_retries" in config.model_fields_set:
            options["max_retries"] = config.max_retries
        if not account.is_usual:
            options["azure_storage_endpoint"] = account.endpoint
            if account.endpoint.startswith("http://"):
                options["azure_allow_http"] = "true"
        return options

    @made_once
    def credential_provider(self) -> "AzureCredentials":
        """Polars' source of credentials."""
        return AzureCredentials(self.config, mark=new_token())

    @made_once
    def filesystem(self) -> "AzureBlobFileSystem":
        """The fsspec filesystem."""
        from glacier_azure.filesystem import blob_filesystem

        return blob_filesystem(self)


class AzureCredentials(ConfigCredentials[AzureConfig]):
    """Gives Polars the credentials of a config's session."""

    def __call__(self) -> tuple[dict[str, str], int | None]:
        """Return what signs requests, and when it expires, in seconds since 1970."""
        credential = session_of(self.config).account.checked_credential()
        if isinstance(credential, AzureNamedKeyCredential):
            return {"account_key": credential.named_key.key}, None
        if isinstance(credential, AzureSasCredential):
            return {"sas_token": credential.signature}, _end_of(credential.signature)
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


class PromptRetries(ExponentialRetry):
    """The SDK's own tries again, but for tokens that can't be had: they won't be a second later."""

    def increment(self, settings: Any, *request_and_answer: Any, **error: Any) -> bool:
        """Return whether a request is tried again."""
        if isinstance(error.get("error"), ClientAuthenticationError):
            return False
        return super().increment(settings, *request_and_answer, **error)


def _transport(settings: Mapping[str, Any]) -> RequestsTransport:  # Any: the SDK's own values
    """Return what sends requests, with connections for all threads: usually it keeps ten."""
    transport = RequestsTransport(**settings)
    transport.open()
    for adapter in transport.session.adapters.values():
        adapter.init_poolmanager(_KEPT_HOSTS, _KEPT_CONNECTIONS)
    return transport


def is_known_authority() -> bool:
    """Return whether tokens come from a directory of Azure's public clouds.

    Any other one that `AZURE_AUTHORITY_HOST` names can't be looked up at these.
    """
    host = os.environ.get("AZURE_AUTHORITY_HOST", AzureAuthorityHosts.AZURE_PUBLIC_CLOUD)
    known = {value for name, value in vars(AzureAuthorityHosts).items() if name.isupper()}
    return host.removeprefix("https://").rstrip("/") in known


def _end_of(signature: str) -> int | None:
    """Return when a signature ends, so that Polars asks for the one that the environment has then.

    None where it has ended, since Polars takes nothing that has; Azure then says why it refuses.
    """
    end = time_in(signature, "se")
    if end is None or end <= datetime.now(UTC):
        return None
    return int(end.timestamp())
