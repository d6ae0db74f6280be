"""Which storage account a config means, and what enters it: a key, a signature or a token."""

import base64
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential, TokenCredential

from glacier.errors import ConfigError
from glacier_azure.storage.connection import fields_of
from glacier_azure.storage.logs import hide_signatures
from glacier_azure.storage.signature import part_of

if TYPE_CHECKING:
    from glacier_azure.config import AzureConfig

_USUAL_SUFFIX = "core.windows.net"


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

    def checked_credential(self) -> AzureNamedKeyCredential | AzureSasCredential | TokenCredential:
        """Return what signs requests, before the first of them is made.

        Raises:
            ConfigError: It is a token, which would be sent without encryption.
        """
        is_token = not isinstance(self.credential, AzureNamedKeyCredential | AzureSasCredential)
        if is_token and self.endpoint.startswith("http://"):
            raise ConfigError(
                f"Azure's SDK sends no token to {self.endpoint}, an endpoint without TLS. Set "
                "account_key or sas_token in AzureConfig (AZURE_STORAGE_KEY or "
                "AZURE_STORAGE_SAS_TOKEN), or an endpoint with https."
            )
        return self.credential


def storage_account(config: "AzureConfig", tokens: TokenCredential) -> StorageAccount:
    """Return the storage account of a config.

    What the config leaves open is ambient, as an identity is: the environment's account where the
    config names none, and of the very account its key and its endpoint.

    Args:
        config: The provider's config.
        tokens: What gets tokens, where neither a key nor a signature is found.

    Raises:
        ConfigError: Neither config nor environment names an account, or what they set as its key
            or signature can be none.
    """
    found = _ambient(config.storage_account)
    name = config.storage_account or found.get("storage_account")
    if not name:
        raise ConfigError(
            "The provider's config names no storage account, which the URIs of its buckets "
            "hold. Set AzureConfig(storage_account=...) or AZURE_STORAGE_ACCOUNT."
        )
    endpoint = config.endpoint or found.get("endpoint") or _public_endpoint(name)
    if config.account_key or config.sas_token or config.client_id:
        found = {
            "account_key": _revealed(config.account_key),
            "sas_token": _revealed(config.sas_token),
        }
    credential: Any = tokens  # found out on its first use
    if key := found.get("account_key"):
        credential = AzureNamedKeyCredential(name, _checked_key(key, name))
    elif signature := found.get("sas_token"):
        hide_signatures()
        credential = AzureSasCredential(_checked_signature(signature, name))
    return StorageAccount(name, endpoint.rstrip("/"), credential)


def _checked_key(key: str, account: str) -> str:
    """Return a key without the white space that a file or a shell has left around it.

    Polars, adlfs and the SDK each take another part of what is wrong with a key.
    """
    key = key.strip()
    try:
        base64.b64decode(key, validate=True)
    except ValueError as error:
        raise ConfigError(
            f"What is set as the key of the storage account {account!r} is none: keys are base64 "
            "text. Set account_key (AZURE_STORAGE_KEY in the environment) to a whole key, as the "
            "portal or az storage account keys list shows it; a shared access signature belongs "
            "into sas_token, a connection string into connection_string."
        ) from error
    return key


def _checked_signature(signature: str, account: str) -> str:
    """Return a shared access signature without what is around it."""
    signature = signature.strip().removeprefix("?")
    if "://" in signature or not part_of(signature, "sig"):
        raise ConfigError(
            f"What is set as the shared access signature of the storage account {account!r} is "
            "none. Set sas_token (AZURE_STORAGE_SAS_TOKEN in the environment) to text such as "
            "sv=...&sp=...&sig=..., which follows the question mark where the portal shows a URL; "
            "a key belongs into account_key."
        )
    try:
        unquote(signature, errors="strict")
    except UnicodeDecodeError:
        raise ConfigError(
            f"The shared access signature of the storage account {account!r} can't be read: what "
            "follows one of its percent signs is no text. Set sas_token (AZURE_STORAGE_SAS_TOKEN "
            "in the environment) to the whole signature, as Azure gave it."
        ) from None  # the error holds the signature
    return signature


def _ambient(account: str | None) -> dict[str, str | None]:
    """Return what the environment says of a storage account, as fields of an `AzureConfig`.

    Args:
        account: Its name; the variables of another account say nothing. None for the account
            that the environment names.
    """
    named = os.environ.get("AZURE_STORAGE_ACCOUNT")
    text = os.environ.get("AZURE_STORAGE_CONNECTION_STRING")
    try:
        connection: dict[str, str | None] = {**(fields_of(text) if text else {})}
    except ValueError as error:
        raise ConfigError(f"AZURE_STORAGE_CONNECTION_STRING can't be used: {error}.") from error
    name = account or named or connection.get("storage_account")
    found = connection if connection.get("storage_account") == name else {}
    if named in {name, "", None}:
        own = {
            "account_key": os.environ.get("AZURE_STORAGE_KEY"),
            "sas_token": os.environ.get("AZURE_STORAGE_SAS_TOKEN", "").removeprefix("?"),
            "endpoint": os.environ.get("AZURE_STORAGE_ENDPOINT"),
        }
        found = {**found, **{field: value for field, value in own.items() if value}}
    return {**found, "storage_account": name}


def _public_endpoint(account: str) -> str:
    return f"https://{account}.blob.{_USUAL_SUFFIX}"


def _revealed(secret: Any) -> str | None:  # Any: SecretStr, whose import the config has
    return None if secret is None else str(secret.get_secret_value())
