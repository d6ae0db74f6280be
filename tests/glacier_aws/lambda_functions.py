"""Functions for the tests of Lambda, and what the rig can be asked of them."""

import json
import zipfile
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import boto3

from glacier import Provider, Serverless
from glacier.config import LambdaConfig
from glacier.resources.serverless import Handler
from tests.rigs.aws.server import REGION, AwsServer


def make_function(
    server: AwsServer,
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
    return provider.serverless(name, handler, runtime, LambdaConfig(**config))


def deployed(server: AwsServer, handler: "Handler | str", **fields: Any) -> Serverless:
    """Return a function that can be called."""
    function = make_function(server, handler, **fields)
    function.deploy()
    return function


def client(server: AwsServer, service: str) -> Any:
    """Return boto3's own client, apart from Glacier's."""
    config = server.config()
    assert config.secret_access_key is not None
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=REGION,
        endpoint_url=server.endpoint,
        aws_access_key_id=config.access_key_id,
        aws_secret_access_key=config.secret_access_key.get_secret_value(),
    )


def refuse(server: AwsServer, method: str, path: str, *, times: int = 1, **answer: Any) -> None:
    """Have the next requests of a kind refused, as AWS refuses them."""
    answer_instead(server, *[{"method": method, "path": path, **answer}] * times)


def answer_instead(server: AwsServer, *answers: dict[str, Any]) -> None:
    """Have the rig answer one request with each of these, in their order."""
    request = Request(
        f"{server.endpoint}/rig/lambda/refusals", json.dumps(answers).encode(), method="PUT"
    )
    urlopen(request).close()


def names_in(package: Path) -> list[str]:
    """Return what a zip holds."""
    with zipfile.ZipFile(package) as archive:
        return archive.namelist()


def changes(server: AwsServer) -> list[str]:
    """Return the requests since they were last forgotten that change something, and forget all."""
    found = []
    for request in server.requests(forget=True):
        verb = request["action"] or request["target"].rpartition(".")[2] or request["method"]
        is_reading = verb.startswith(("Get", "List", "Describe")) or verb in {"GET", "HEAD"}
        if not is_reading:
            found.append(f"{verb} {request['path']}")
    return found
