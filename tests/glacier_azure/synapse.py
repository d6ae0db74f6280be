"""What the tests of Synapse share."""

import json
import time
from contextlib import suppress
from functools import cache
from importlib.metadata import distributions
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient

from glacier import Executor, Provider
from glacier.config import SynapseConfig
from glacier.jobs.pins import normal_name
from glacier_azure.storage.connection import DEVELOPMENT_KEY
from tests.rigs.azure.azurite import GROUP
from tests.rigs.azure.identity import token
from tests.rigs.azure.server import SUBSCRIPTION, AzureServer

STAGING = "glacier-staging"
GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}"
ALL = "all that is installed here"


def synapse_executor(
    server: AzureServer,
    provider: Provider | None = None,
    *,
    content: str = ALL,
    nodes: int = 200,
    **fields: Any,
) -> Executor:
    """Return an executor on a new Spark pool that has run nothing yet.

    Args:
        server: The rig.
        provider: The executor's provider.
        content: The pool's library requirements.
        nodes: How many nodes the pool has.
        **fields: Of the config.
    """
    workspace = f"ws-{uuid4().hex[:12]}"
    make_pool(server, workspace, "etl", content=content, nodes=nodes)
    return executor_on(server, workspace, provider, **fields)


def executor_on(
    server: AzureServer, workspace: str, provider: Provider | None = None, **fields: Any
) -> Executor:
    """Return an executor on the pool `etl` of a workspace."""
    provider = provider or Provider(config=server.config())
    endpoint = f"{server.endpoint}/synapse/{workspace}"
    given = {"workspace": workspace, "spark_pool": "etl", "endpoint": endpoint, **fields}
    return provider.executor("etl", config=SynapseConfig(**given))


def make_workspace(server: AzureServer, workspace: str) -> str:
    """Make a workspace and return its id."""
    put(server, GROUP_ID, {"location": "eastus"})
    container = BlobServiceClient(
        server.azurite.endpoint, credential=DEVELOPMENT_KEY
    ).get_container_client(STAGING)
    if not container.exists():
        container.create_container()
    place = f"{GROUP_ID}/providers/Microsoft.Synapse/workspaces/{workspace}"
    put(server, place, {"location": "westeurope", "properties": {}})
    return place


def make_pool(
    server: AzureServer, workspace: str, pool: str, *, content: str = ALL, nodes: int = 200
) -> None:
    """Make a pool in a new workspace."""
    libraries = {
        "filename": "requirements.txt",
        "content": installed() if content is ALL else content,
    }
    properties = {"nodeCount": nodes, "nodeSize": "Small", "libraryRequirements": libraries}
    place = f"{make_workspace(server, workspace)}/bigDataPools/{pool}"
    put(server, place, {"location": "westeurope", "properties": properties})


def pool_of(server: AzureServer, executor: Executor) -> dict[str, Any]:
    """Return what Resource Manager has of an executor's pool."""
    config = executor.config
    assert isinstance(config, SynapseConfig)
    place = f"{GROUP_ID}/providers/Microsoft.Synapse/workspaces/{config.workspace}"
    return asked(server, "GET", f"{place}/bigDataPools/{config.spark_pool}")


def batches_of(server: AzureServer, executor: Executor) -> list[dict[str, Any]]:
    """Return the batches of an executor, the newest first."""
    config = executor.config
    assert isinstance(config, SynapseConfig)
    path = f"/livyApi/versions/2019-11-01-preview/sparkPools/{config.spark_pool}/batches"
    place = f"/synapse/{config.workspace}{path}?detailed=true"
    found: list[dict[str, Any]] = asked(server, "GET", place)["sessions"]
    return found


def requests_of(batch: dict[str, Any]) -> dict[str, Any]:
    """Return what was asked for when a batch was submitted."""
    found: dict[str, Any] = batch["livyInfo"]["jobCreationRequest"]
    return found


@cache
def installed() -> str:
    """Return requirements of all that is installed here but Glacier."""
    names = {one.metadata["Name"]: one.version for one in distributions()}
    kept = {n: v for n, v in names.items() if not normal_name(n).startswith("glacier")}
    return "".join(f"{name}=={version}\n" for name, version in sorted(kept.items()))


def put(server: AzureServer, place: str, body: dict[str, Any]) -> None:
    asked(server, "PUT", f"{place}?api-version=2021-06-01", body)


def asked(
    server: AzureServer, method: str, path: str, body: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Ask the rig as somebody that has nothing to do with Glacier."""
    host = "dev.azuresynapse.net" if path.startswith("/synapse/") else "management.azure.com"
    bearer = token(f"https://{host}", int(time.time()) + 600, "somebody")
    headers = {"Authorization": f"Bearer {bearer}", "Content-Type": "application/json"}
    content = None if body is None else json.dumps(body).encode()
    request = Request(f"{server.endpoint}{path}", content, headers, method=method)
    with urlopen(request) as answer:
        found: dict[str, Any] = json.loads(answer.read() or b"{}")
    return found


def command(server: AzureServer, *words: str) -> None:
    """Tell the rig's Synapse what to do."""
    place = "/".join([server.endpoint, "rig", "synapse", *words])
    with urlopen(Request(place, method="POST")):
        pass


def asked_of_synapse(server: AzureServer) -> list[str]:
    """Return the methods of requests to the workspace since this was called before."""
    found = server.requests(forget=True)
    return [one["method"] for one in found if one["path"].startswith("/synapse/")]


def staged(server: AzureServer) -> dict[str, bytes]:
    """Return what lies in the account's staging container."""
    client = BlobServiceClient(server.azurite.endpoint, credential=DEVELOPMENT_KEY)
    container = client.get_container_client(STAGING)
    if not container.exists():
        return {}
    found: dict[str, bytes] = {}
    for name in container.list_blob_names():
        with suppress(ResourceNotFoundError):  # a job that has ended removes its own meanwhile
            found[name] = container.download_blob(name).readall()
    return found
