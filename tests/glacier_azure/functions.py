"""Functions for the tests of Azure Functions, and what the rig can be asked of them."""

import json
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.web import WebSiteManagementClient

from glacier import Provider, Serverless
from glacier.config import AzureFunctionConfig
from glacier.resources.serverless import Handler
from glacier_azure.management import management_client
from glacier_azure.session import session_of
from tests.rigs.azure.azurite import GROUP
from tests.rigs.azure.server import AzureServer

_JSON = {"Content-Type": "application/json"}


def make_function(
    server: AzureServer,
    handler: "Handler | str",
    name: str | None = None,
    *,
    runtime: str = "python3.11",
    tags: dict[str, str] | None = None,
    **config: Any,
) -> Serverless:
    """Return a function, not deployed, of a provider of its own."""
    provider = Provider(server.config(), tags)
    name = name or f"function-{uuid4().hex[:8]}"
    return provider.serverless(name, handler, runtime, AzureFunctionConfig(**config))


def deployed(server: AzureServer, handler: "Handler | str", **fields: Any) -> Serverless:
    """Return a function that can be called."""
    function = make_function(server, handler, **fields)
    function.deploy()
    return function


def make_group(server: AzureServer, name: str = GROUP) -> None:
    """Make a resource group, where it is missing."""
    resources = management_client(session_of(server.config()), ResourceManagementClient)
    resources.resource_groups.create_or_update(name, {"location": "eastus"})


def web(server: AzureServer) -> WebSiteManagementClient:
    """Return the SDK's own client of Azure Functions."""
    return management_client(session_of(server.config()), WebSiteManagementClient)


def found(server: AzureServer, name: str) -> dict[str, Any]:
    """Return an app as Resource Manager tells it."""
    answer: dict[str, Any] = web(server).web_apps.get(GROUP, name).as_dict()
    return answer


def settings_of(server: AzureServer, name: str) -> dict[str, str]:
    """Return an app's settings."""
    answer = web(server).web_apps.list_application_settings(GROUP, name)
    return dict(answer.properties or {})


def answer_instead(server: AzureServer, *answers: dict[str, Any]) -> None:
    """Have the rig answer one request with each of these, in their order."""
    url = f"{server.endpoint}/rig/functions/refusals"
    urlopen(Request(url, json.dumps(answers).encode(), _JSON, method="PUT")).close()


def requests_of_apps(server: AzureServer, *, forget: bool = False) -> list[str]:
    """Return what the hosts of apps were asked, in order."""
    url = f"{server.endpoint}/rig/functions/requests"
    with urlopen(Request(url, method="DELETE" if forget else "GET")) as answer:
        told = json.loads(answer.read())
    return [f"{one['method']} {one['path']}" for one in told]


def changes(server: AzureServer) -> list[str]:
    """Return the requests since they were last forgotten that change something, and forget all."""
    asked = [(one["method"], one["path"]) for one in server.requests(forget=True)]
    changed = [
        f"{method} {path.rpartition('/providers/')[2]}"
        for method, path in asked
        if method in {"PUT", "PATCH", "DELETE"} and not path.startswith("/rig/")
    ]
    return changed + [one for one in requests_of_apps(server, forget=True) if "POST" in one]
