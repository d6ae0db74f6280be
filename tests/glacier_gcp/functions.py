"""Functions for the tests of Cloud Functions, and what the rig can be asked of them."""

import json
from typing import Any
from uuid import uuid4

from google.cloud.functions_v2 import Function, FunctionServiceClient
from google.cloud.scheduler_v1 import CloudSchedulerClient

from glacier import Provider, Serverless
from glacier.config import CloudFunctionConfig, GcpConfig
from glacier.resources.serverless import Handler
from glacier_gcp.http import send
from glacier_gcp.session import session_of
from tests.rigs.gcp.server import REGION, GcpServer
from tests.rigs.gcp.store import PROJECT
from tests.rigs.proxy import Answer, Exchange, Fault

PLACE = f"projects/{PROJECT}/locations/{REGION}"


def make_function(
    config: GcpConfig,
    handler: "Handler | str",
    name: str | None = None,
    *,
    runtime: str = "python3.11",
    tags: dict[str, str] | None = None,
    **fields: Any,
) -> Serverless:
    """Return a function, not deployed, of a provider of its own."""
    provider = Provider(config, tags)
    name = name or f"function-{uuid4().hex[:8]}"
    return provider.serverless(name, handler, runtime, CloudFunctionConfig(**fields))


def deployed(config: GcpConfig, handler: "Handler | str", **fields: Any) -> Serverless:
    """Return a function that can be called."""
    function = make_function(config, handler, **fields)
    function.deploy()
    return function


def found(server: GcpServer, name: str) -> Function:
    """Return a function as Google's own client tells it."""
    client = session_of(server.config()).client(FunctionServiceClient)
    return client.get_function(name=f"{PLACE}/functions/{name}")


def scheduler(server: GcpServer) -> CloudSchedulerClient:
    """Return Google's own client of Cloud Scheduler."""
    return session_of(server.config()).client(CloudSchedulerClient)


def policy_of(server: GcpServer, name: str) -> list[dict[str, Any]]:
    """Return who may do what with a function's service."""
    place = f"{server.endpoint}/v2/{PLACE}/services/{name}:getIamPolicy"
    answer: dict[str, Any] = send(session_of(server.config()), "GET", place).json()
    return list(answer["bindings"])


def changes(server: GcpServer) -> list[str]:
    """Return the requests since they were last forgotten that change something, and forget all."""
    asked = server.requests(forget=True)
    return [
        f"{one['method']} {one['path'].rpartition('/')[2]}"
        for one in asked
        if one["method"] != "GET" and one["path"] != "/token"
    ]


def refused(status: int, name: str, message: str, reason: str = "") -> Fault:
    """Return what answers a request with an error as Google's newer APIs have them."""
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
    details = [{**info, "domain": "googleapis.com"}] if reason else []
    error = {"code": status, "message": message, "status": name, "details": details}
    return answered(status, json.dumps({"error": error}), "application/json")


def answered(status: int, text: str, kind: str = "text/html") -> Fault:
    """Return what answers a request with some text."""

    def play(exchange: Exchange) -> None:
        exchange.read()
        body = text.encode()
        headers = [("Content-Type", kind), ("Content-Length", str(len(body)))]
        exchange.send(Answer(status, headers, body))

    return play
