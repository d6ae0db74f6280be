"""Azure Resource Manager, which makes and describes everything that is no data."""

from functools import lru_cache
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import urlsplit

from azure.core.pipeline.policies import SansIOHTTPPolicy

from glacier.errors import ConfigError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.pipeline import PipelineRequest

    from glacier_azure.session import AzureSession

PUBLIC_ENDPOINT = "https://management.azure.com"
ClientT = TypeVar("ClientT")


def management_client(session: "AzureSession", kind: type[ClientT]) -> ClientT:
    """Return a client of Resource Manager, such as a `StorageManagementClient`; shared.

    Args:
        session: The session whose identity asks.
        kind: The class of the client.

    Raises:
        ConfigError: The config names no subscription.
    """
    return cast("ClientT", _client(session, cast("Any", kind)))


def subscription_of(session: "AzureSession") -> str:
    """Return the subscription that the config's resources are in.

    Raises:
        ConfigError: The config names none.
    """
    found = session.config.subscription_id
    if found is None:
        raise ConfigError(
            "The provider's config names no subscription, in which Azure looks for the resource "
            f"group {session.config.resource_group!r}. Set AzureConfig(subscription_id=...) or "
            "AZURE_SUBSCRIPTION_ID."
        )
    return found


def http_settings(session: "AzureSession", endpoint: str, scope: str) -> dict[str, Any]:
    """Return the settings by which an SDK client sends tokens to an endpoint.

    Args:
        session: The session whose identity asks.
        endpoint: The service's address. The SDKs refuse to send a token to one without TLS, which
            emulators are; those of this machine get one all the same.
        scope: What the token is for.

    Raises:
        ConfigError: The address has no TLS, and is none of this machine's.
    """
    if not endpoint.lower().startswith("http://"):
        return {}
    if not _is_of_this_machine(endpoint):
        raise ConfigError(
            f"No token is sent to {endpoint}, which anybody on the way could read: the address has "
            "no TLS. Begin it with https:// in the config's endpoint; without TLS only emulators "
            "on this machine are spoken to, such as http://127.0.0.1:8080."
        )
    return {"authentication_policy": _PlainTokens(session.token_credential, scope)}


def _is_of_this_machine(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name
        return False


class _PlainTokens(SansIOHTTPPolicy[Any, Any]):
    """Sends tokens to an endpoint without TLS."""

    def __init__(self, credential: "TokenCredential", scope: str) -> None:
        super().__init__()
        self._credential = credential
        self._scope = scope

    def on_request(self, request: "PipelineRequest[Any]") -> None:
        """Add the token."""
        token = self._credential.get_token(self._scope)
        request.http_request.headers["Authorization"] = f"Bearer {token.token}"


@lru_cache(maxsize=64)
def _client(session: "AzureSession", kind: type[Any]) -> Any:  # Any: as many classes as services
    endpoint = (session.config.management_endpoint or PUBLIC_ENDPOINT).rstrip("/")
    scope = f"{PUBLIC_ENDPOINT if endpoint.startswith('http://') else endpoint}/.default"
    return kind(
        session.token_credential,
        subscription_of(session),
        base_url=endpoint,
        credential_scopes=[scope],
        connection_timeout=session.config.connect_timeout_seconds,
        read_timeout=session.config.read_timeout_seconds,
        retry_total=session.config.max_retries,
        **http_settings(session, endpoint, scope),
    )
