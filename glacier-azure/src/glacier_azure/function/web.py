"""The hosts of a function app itself, which are not Resource Manager's: its own and its SCM site.

Azure's own HTTP pipeline speaks to them, without its retries: it tells requests that were not sent
(`ServiceRequestError`) from those that may have been carried out (`ServiceResponseError`).
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from azure.core import PipelineClient
from azure.core.pipeline.policies import BearerTokenCredentialPolicy
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.web import WebSiteManagementClient

from glacier_azure.management import PUBLIC_ENDPOINT, http_settings, management_client

if TYPE_CHECKING:
    from azure.mgmt.web.models import Site

    from glacier_azure.session import AzureSession

_SCM = "Repository"


@dataclass(frozen=True, slots=True)
class Hosts:
    """Where an app is reached.

    Attributes:
        app: The address of its functions.
        scm: The address of its SCM site, which takes its code.
    """

    app: str
    scm: str


@dataclass(frozen=True, slots=True)
class Entrance:
    """What a call of an app needs.

    Attributes:
        address: The address of its functions.
        key: A key that opens all of them.
    """

    address: str
    key: str = field(repr=False)


def hosts_of(session: "AzureSession", site: "Site") -> Hosts:
    """Return where an app is reached, as Resource Manager says."""
    states = site.host_name_ssl_states or []
    scm = next((one.name for one in states if one.host_type == _SCM), None)
    app = str(site.default_host_name)
    if scm is None:
        name, _, domain = app.partition(".")
        scm = f"{name}.scm.{domain}"
    scheme = "http" if _management(session).startswith("http://") else "https"
    return Hosts(f"{scheme}://{app}", f"{scheme}://{scm}")


class _Entrances:
    """The entrances of apps that were called before, so that only the first call asks for them."""

    def __init__(self) -> None:
        self._known: dict[tuple[AzureSession, str], Entrance] = {}
        self._lock = threading.Lock()

    def find(self, session: "AzureSession", name: str) -> Entrance:
        """Return an app's entrance.

        Raises:
            AzureError: Resource Manager knows no such app, or refuses.
            ConfigError: The config names no subscription.
        """
        with self._lock:
            found = self._known.get((session, name))
        if found is None:
            found = _asked_for(session, name)
            with self._lock:
                self._known[session, name] = found
        return found

    def forget(self, session: "AzureSession", name: str) -> None:
        """Forget what may have changed."""
        with self._lock:
            self._known.pop((session, name), None)


entrances = _Entrances()


def _asked_for(session: "AzureSession", name: str) -> Entrance:
    apps = management_client(session, WebSiteManagementClient).web_apps
    group = session.config.resource_group
    hosts = hosts_of(session, apps.get(group, name))
    keys = apps.list_host_keys(group, name)
    key = (keys.function_keys or {}).get("default") or keys.master_key or ""
    return Entrance(hosts.app, key)


def send(
    session: "AzureSession",
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    is_scm: bool = False,
    read_timeout_seconds: float | None = None,
) -> HttpResponse:
    """Send one request, once, and return the answer, whatever its status is.

    Args:
        session: Whose identity and timeouts count.
        method: The HTTP method.
        url: The whole address.
        headers: Further headers.
        content: The body.
        is_scm: Whether it goes to an SCM site, which takes Resource Manager's tokens.
        read_timeout_seconds: How long is waited for the answer; as the config says where None.

    Raises:
        ServiceRequestError: It was not sent.
        ServiceResponseError: It was sent, and no answer came.
    """
    config = session.config
    request = HttpRequest(method, url, headers=dict(headers or {}), content=content)
    found = _client(session, with_token=is_scm).send_request(
        request,
        connection_timeout=config.connect_timeout_seconds,
        read_timeout=read_timeout_seconds or config.read_timeout_seconds,
    )
    return cast("HttpResponse", found)


@lru_cache(maxsize=64)
def _client(session: "AzureSession", *, with_token: bool) -> "PipelineClient[Any, Any]":
    policies: list[Any] = []
    if with_token:
        endpoint = _management(session)
        scope = f"{PUBLIC_ENDPOINT if endpoint.startswith('http://') else endpoint}/.default"
        plain = http_settings(session, endpoint, scope).get("authentication_policy")
        usual = BearerTokenCredentialPolicy(session.token_credential, scope)
        policies = [plain or usual]
    return PipelineClient("", policies=policies)


def _management(session: "AzureSession") -> str:
    return (session.config.management_endpoint or PUBLIC_ENDPOINT).rstrip("/")
