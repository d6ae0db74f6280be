"""Cloud Functions of the second generation: functions, the operations that make them, their calls.

https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions
"""

import asyncio
import atexit
import re
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from google.cloud.functions_v2 import Function
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from tests.rigs.function_builds import BuildError
from tests.rigs.gcp.accounts import bearer_of
from tests.rigs.gcp.answers import base_url, json_body
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.function_service import FunctionService, Running
from tests.rigs.gcp.planes import Policies, RefusedError, answering, denied
from tests.rigs.gcp.store import PROJECT

UPLOADS = "gcf-v2-uploads-123456789012.europe-west1.cloudfunctions.appspot.com"
_PLACE = "/v2/projects/{project}/locations/{location}"
_LABEL = re.compile(r"[\w-]{0,63}")
_DENIED = "<title>403 Forbidden</title>Your client does not have permission to get URL / from this"
_MEMORY_UNITS = r"\d+(k|M|G|Ki|Mi|Gi)?"


def routes(cloud: Cloud) -> list[BaseRoute]:
    """Return the routes of functions, of their code, and of those who call them."""
    made = Functions(cloud)
    one = f"{_PLACE}/functions/{{function}}"
    service = f"{_PLACE}/services/{{service}}"
    return [
        Route(
            f"{_PLACE}/functions:generateUploadUrl", answering(made.upload_url), methods=["POST"]
        ),
        Route(f"/{UPLOADS}/{{name}}", made.upload, methods=["PUT"]),
        Route(f"{_PLACE}/functions", answering(made.create), methods=["POST"]),
        Route(one, answering(made.get), methods=["GET"]),
        Route(one, answering(made.update), methods=["PATCH"]),
        Route(one, answering(made.delete), methods=["DELETE"]),
        Route(f"{_PLACE}/operations/{{operation}}", answering(made.operation)),
        Route(f"{service}:getIamPolicy", answering(made.policy), methods=["GET"]),
        Route(f"{service}:setIamPolicy", answering(made.set_policy), methods=["POST"]),
        Route("/run/{service}", made.call, methods=["GET", "POST"]),
    ]


class Functions:
    """All functions, by their full names."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._policies = Policies(cloud)
        self._directory = Path(tempfile.mkdtemp(prefix="glacier-functions-"))
        self._known: dict[str, dict[str, Any]] = {}
        self._services: dict[str, FunctionService] = {}
        self._uploads: dict[str, bytes | None] = {}
        self._operations: dict[str, dict[str, Any]] = {}
        self._running = Running()
        atexit.register(self._close)

    async def upload_url(self, request: Request) -> dict[str, Any]:
        """Say where a zip is to be put."""
        self._policies.require(request, "cloudfunctions.functions.sourceCodeSet")
        name = f"{uuid4()}.zip"
        self._uploads[name] = None
        signed = "X-Goog-Signature=0123456789abcdef"
        return {
            "uploadUrl": f"{base_url(request)}/{UPLOADS}/{name}?{signed}",
            "storageSource": {"bucket": UPLOADS, "object": name},
        }

    async def upload(self, request: Request) -> Response:
        """Take a zip: from whoever knows the address, and shows nothing else."""
        name = request.path_params["name"]
        if "authorization" in request.headers or "X-Goog-Signature" not in request.query_params:
            return Response("<Error><Code>SignatureDoesNotMatch</Code></Error>", 403)
        if request.headers.get("content-type") != "application/zip" or name not in self._uploads:
            return Response("<Error><Code>InvalidArgument</Code></Error>", 400)
        self._uploads[name] = await request.body()
        return Response()

    async def create(self, request: Request) -> dict[str, Any]:
        """Begin to make a function."""
        who = self._policies.require(request, "cloudfunctions.functions.create")
        short = request.query_params["functionId"]
        name = self._name(request, short)
        if not re.fullmatch(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", short):
            raise RefusedError(400, "INVALID_ARGUMENT", f"Invalid resource name {short!r}.")
        if name in self._known:
            message = f"Resource '{name}' already exists"
            raise RefusedError(409, "ALREADY_EXISTS", message)
        function = _filled(await _function_in(request))
        self._check(who, function)
        host = request.headers["host"]
        directory = self._directory / uuid4().hex
        service = FunctionService(short, directory, self._directory / "images", host, self._running)
        self._services[short] = service
        self._known[name] = {**function, "name": name, "state": "DEPLOYING", "stateMessages": []}
        return self._begun(name, {}, has_source=True)

    async def get(self, request: Request) -> dict[str, Any]:
        """Tell of a function, whose address is that by which the rig was asked."""
        self._policies.require(request, "cloudfunctions.functions.get")
        found = _copied(self._found(request))
        if found["state"] == "ACTIVE":
            found["serviceConfig"]["uri"] = _uri(request, found["name"].rpartition("/")[2])
        return found

    async def update(self, request: Request) -> dict[str, Any]:
        """Begin to change what the mask names."""
        who = self._policies.require(request, "cloudfunctions.functions.update")
        known = self._found(request)
        if known["state"] == "DEPLOYING":
            message = f"unable to queue the operation: {known['name']} is being changed"
            raise RefusedError(409, "ABORTED", message)
        given, wanted = await _function_in(request), _copied(known)
        mask = request.query_params["updateMask"].split(",")
        for path in mask:
            *sections, field = path.split(".")
            source, target = given, wanted
            for section in sections:
                source, target = source[section], target[section]
            target[field] = source[field]
        wanted = _filled(wanted)
        self._check(who, wanted)
        former = _copied(known)
        known |= {**wanted, "state": "DEPLOYING", "stateMessages": []}
        has_source = "buildConfig.source" in mask
        return self._begun(known["name"], former, has_source=has_source)

    async def delete(self, request: Request) -> dict[str, Any]:
        """Remove a function."""
        self._policies.require(request, "cloudfunctions.functions.delete")
        name = self._found(request)["name"]
        del self._known[name]
        self._services.pop(name.rpartition("/")[2]).close()
        self._policies.remove(name.replace("/functions/", "/services/"))
        operation: dict[str, Any] = {
            "name": _operation_name(name),
            "done": True,
            "response": {"@type": _EMPTY},
        }
        self._operations[operation["name"]] = operation
        return operation

    async def operation(self, request: Request) -> dict[str, Any]:
        """Tell how far an operation is."""
        self._policies.require(request, "cloudfunctions.operations.get")
        name = request.url.path.removeprefix("/v2/")
        if name not in self._operations:
            raise RefusedError(404, "NOT_FOUND", f"Operation {name} not found.")
        return self._operations[name]

    async def policy(self, request: Request) -> dict[str, Any]:
        """Tell who may do what with a service."""
        name = self._service_name(request)
        self._policies.require(request, "run.services.getIamPolicy", name)
        return self._policies.find(name)

    async def set_policy(self, request: Request) -> Any:
        """Say who may do what with a service."""
        name = self._service_name(request)
        self._policies.require(request, "run.services.setIamPolicy", name)
        return await self._policies.set(request, name)

    async def call(self, request: Request) -> Response:
        """Let a call in, or not, and answer it as the function does."""
        short = request.path_params["service"]
        name = next((one for one in self._known if one.endswith(f"/functions/{short}")), None)
        if name is None:
            return HTMLResponse("<title>404 Page not found</title>", 404)
        function, service = self._known[name], self._services[short]
        if function["serviceConfig"]["ingressSettings"] != "ALLOW_ALL":
            return HTMLResponse("<title>404 Page not found</title>", 404)
        refusal = self._refusal(
            request, _uri(request, short), name.replace("/functions/", "/services/")
        )
        if refusal is not None:
            return refusal
        body, method = await request.body(), request.method
        headers = {k: v for k, v in request.headers.items() if k not in _HOP}
        return await asyncio.to_thread(service.answer, method, body, headers)

    def _close(self) -> None:
        for service in self._services.values():
            service.close()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _refusal(self, request: Request, uri: str, resource: str) -> Response | None:
        token, who = bearer_of(request), ""
        if token:
            try:
                claims = self._cloud.accounts.verify(token)
            except ValueError:
                return HTMLResponse("<title>401 Unauthorized</title>The token is invalid.", 401)
            if claims["aud"] != uri:
                return HTMLResponse("<title>401 Unauthorized</title>The audience is wrong.", 401)
            who = str(claims["email"])
        policy = self._policies.find(resource)
        if self._cloud.permissions.permits(who, "run.routes.invoke", policy):
            return None
        return HTMLResponse(f"{_DENIED} server.", 403)

    def _begun(self, name: str, former: dict[str, Any], *, has_source: bool) -> dict[str, Any]:
        operation: dict[str, Any] = {"name": _operation_name(name), "done": False}
        self._operations[operation["name"]] = operation
        args = (name, former, operation, has_source)
        threading.Thread(target=self._carried_out, args=args, daemon=True).start()
        return dict(operation)

    def _carried_out(
        self, name: str, former: dict[str, Any], operation: dict[str, Any], has_source: bool
    ) -> None:
        """Build and start a function; one that was there before goes on where that fails."""
        function = self._known[name]
        short = name.rpartition("/")[2]
        service = self._services[short]
        try:
            code = service.build(self._source_of(function)) if has_source else None
            service.serve(function, code)
        except BuildError as error:
            message = f"Build failed with status: FAILURE and message: {error}"
            told = {"severity": "ERROR", "type": "BuildFailed", "message": message}
            function["stateMessages"] = [told]
            function["state"] = "ACTIVE" if former else "FAILED"
            operation |= {"done": True, "error": {"code": 3, "message": message}}
            return
        function["serviceConfig"] |= {
            "service": name.replace("/functions/", "/services/"),
            "revision": f"{short}-{service.revision:05}-rig",
        }
        function["state"] = "ACTIVE"
        operation |= {"done": True, "response": {"@type": _FUNCTION, **function}}

    def _source_of(self, function: dict[str, Any]) -> bytes:
        place = function["buildConfig"]["source"]["storageSource"]
        package = self._uploads.get(place["object"])
        if package is None:
            raise BuildError(f"the object {place['object']} does not exist")
        return package

    def _check(self, who: str, function: dict[str, Any]) -> None:
        """Refuse what Google refuses at once."""
        service = function["serviceConfig"]
        for key, value in function["labels"].items():
            if not (_LABEL.fullmatch(key) and _LABEL.fullmatch(value) and key[0].islower()):
                raise RefusedError(400, "INVALID_ARGUMENT", f"Invalid label {key}: {value}.")
        if not re.fullmatch(_MEMORY_UNITS, service["availableMemory"]):
            raise RefusedError(400, "INVALID_ARGUMENT", "Invalid value for available memory.")
        email = service["serviceAccountEmail"]
        account = self._cloud.accounts.find(email)
        if account is None:
            raise RefusedError(404, "NOT_FOUND", f"Service account {email} was not found.")
        permission = "iam.serviceAccounts.actAs"
        if not self._cloud.permissions.permits(who, permission, account.policy):
            raise denied(permission, email)

    def _name(self, request: Request, short: str) -> str:
        project, location = (request.path_params[one] for one in ("project", "location"))
        if project != PROJECT:
            message = f"Project '{project}' not found or permission denied."
            raise RefusedError(403, "PERMISSION_DENIED", message)
        return f"projects/{project}/locations/{location}/functions/{short}"

    def _found(self, request: Request) -> dict[str, Any]:
        name = self._name(request, unquote(request.path_params["function"]))
        if name not in self._known:
            raise RefusedError(404, "NOT_FOUND", f"Resource '{name}' was not found")
        return self._known[name]

    def _service_name(self, request: Request) -> str:
        name = self._name(request, request.path_params["service"])
        if name not in self._known:
            raise RefusedError(404, "NOT_FOUND", f"Resource '{name}' was not found")
        return name.replace("/functions/", "/services/")


async def _function_in(request: Request) -> dict[str, Any]:
    """Return the function in a request, with the names of enums."""
    await json_body(request)
    body = (await request.body()).decode()
    return _told(Function.from_json(body))


def _copied(function: dict[str, Any]) -> dict[str, Any]:
    sections = ("buildConfig", "serviceConfig", "labels")
    return {**function, **{one: dict(function[one]) for one in sections}}


def _filled(function: dict[str, Any]) -> dict[str, Any]:
    """Return a function with what Google fills in where nothing is said."""
    service = function["serviceConfig"]
    service["availableMemory"] = service["availableMemory"] or "256M"
    service["availableCpu"] = service["availableCpu"] or "0.1666"
    service["timeoutSeconds"] = service["timeoutSeconds"] or 60
    service["maxInstanceCount"] = service["maxInstanceCount"] or 100
    service["maxInstanceRequestConcurrency"] = service["maxInstanceRequestConcurrency"] or 1
    service["environmentVariables"].setdefault("LOG_EXECUTION_ID", "true")
    return function


def _told(function: Function) -> dict[str, Any]:
    found: dict[str, Any] = Function.to_dict(
        function, preserving_proto_field_name=False, use_integers_for_enums=False
    )
    return found


def _uri(request: Request, short: str) -> str:
    return f"{base_url(request)}/run/{short}"


def _operation_name(function: str) -> str:
    return f"{function.partition('/functions/')[0]}/operations/operation-{uuid4()}"


_EMPTY = "type.googleapis.com/google.protobuf.Empty"
_FUNCTION = "type.googleapis.com/google.cloud.functions.v2.Function"
_HOP = {"authorization", "connection", "content-length", "host", "transfer-encoding"}
