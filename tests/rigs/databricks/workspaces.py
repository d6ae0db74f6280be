"""The workspaces of the rig: who may enter them, what they hold, and what goes wrong there.

Each has an address of its own in reality; here they share one, and a token says whose it is.
"""

import secrets
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.rigs.planes import json_answer

STALL_SECONDS = 2.0


class ApiError(Exception):
    """A request that is not done.

    Args:
        status: The HTTP status.
        code: Databricks' word for it, such as `INVALID_PARAMETER_VALUE`.
        message: What went wrong.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.answer = json_answer(status, {"error_code": code, "message": message})


def invalid(message: str) -> ApiError:
    """Return the error of a request that makes no sense."""
    return ApiError(400, "INVALID_PARAMETER_VALUE", message)


@dataclass(slots=True)
class Fault:
    """What goes wrong with some requests.

    Attributes:
        path: The end of their path.
        how: `drop` or `stall`, after they were carried out; or the status of a refusal, and with
            `lost-` before it of an answer that is made in place of the true one.
        times: How many of them.
    """

    path: str
    how: str
    times: int = 1


@dataclass(slots=True)
class Workspace:
    """One workspace, and what was made in it.

    Attributes:
        cloud: The provider of its machines: `aws`, `azure` or `gcp`.
        most_runs: How many runs may be active at a time.
        token: A personal access token of it.
        client_id: A service principal of it.
        client_secret: The secret of that.
        token_seconds: How long its service principal's tokens are good for.
        volumes: Its Unity Catalog volumes.
        secrets: Its secrets, by `scope/key`.
        directories: Its folders.
        files: What lies in it and in its volumes, by its path.
        jobs: The settings of its jobs, by their ids.
    """

    cloud: str
    most_runs: int = 1000
    token: str = field(default_factory=lambda: f"dapi{secrets.token_hex(16)}")
    client_id: str = field(default_factory=lambda: secrets.token_hex(16))
    client_secret: str = field(default_factory=lambda: f"dose{secrets.token_hex(16)}")
    token_seconds: float = 3600.0
    volumes: list[str] = field(default_factory=list)
    secrets: dict[str, str] = field(default_factory=dict)
    directories: list[str] = field(default_factory=lambda: ["/Shared"])
    files: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[int, dict[str, Any]] = field(default_factory=dict)
    clusters: dict[str, dict[str, Any]] = field(default_factory=dict)
    pools: dict[str, dict[str, Any]] = field(default_factory=dict)
    policies: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    bearers: dict[str, float] = field(default_factory=dict)
    go_on: threading.Event = field(default_factory=threading.Event)
    lock: Any = field(default_factory=threading.RLock)  # Any: its type has no name


Handler = Callable[[Workspace, Request], Response | Mapping[str, Any]]


class Workspaces:
    """Knows the workspaces, and hands requests to what answers them there; `planes.Part`.

    `POST /rig/workspaces` makes one by its fields. With the token of one, `POST /rig/set` sets
    some of its fields, `POST /rig/fault` has something go wrong, `POST /rig/expire` has all
    bearer tokens be out of date, and `POST /rig/hold` has no run go on until `POST /rig/go`.

    Args:
        handlers: What answers, by method and path.
    """

    def __init__(self, handlers: Mapping[tuple[str, str], Handler]) -> None:
        self._handlers = handlers
        self._all: list[Workspace] = []

    def answer(self, request: Request) -> Response | None:
        """Answer a request."""
        if request.path == "/rig/workspaces":
            return self._make(request)
        if request.path.startswith("/oidc/"):
            return self._oidc(request)
        workspace = self.of(request)
        try:
            if workspace is None:
                raise self._refusal(request)
            if request.path.startswith("/rig/"):
                return self._commanded(workspace, request)
            return self._answered(workspace, request)
        except ApiError as error:
            return error.answer

    def of(self, request: Request) -> Workspace | None:
        """Return the workspace that a request's token is for."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        for one in self._all:
            if token == one.token or one.bearers.get(token, 0) > time.time():
                return one
        return None

    def close(self) -> None:
        """Let all runs go on, so that they can end."""
        for workspace in self._all:
            workspace.go_on.set()

    def _make(self, request: Request) -> Response:
        workspace = Workspace(**request.get_json())
        workspace.go_on.set()
        self._all.append(workspace)
        names = ("token", "client_id", "client_secret")
        return json_answer(200, {name: getattr(workspace, name) for name in names})

    def _oidc(self, request: Request) -> Response:
        """Answer as the workspace's own issuer of tokens, which it gives service principals."""
        if request.method == "GET":
            endpoint = f"{request.host_url}oidc/v1"
            known = {"authorization_endpoint": f"{endpoint}/authorize"}
            return json_answer(200, {**known, "token_endpoint": f"{endpoint}/token"})
        given = request.authorization
        for workspace in self._all:
            if given and (workspace.client_id, workspace.client_secret) == (
                given.username,
                given.password,
            ):
                fault = self._fault(workspace, request)
                if fault is not None:
                    return _failure(fault.how)
                token = f"eyJ{secrets.token_hex(16)}"
                seconds = workspace.token_seconds
                workspace.bearers[token] = time.time() + seconds
                found = {"access_token": token, "token_type": "Bearer", "expires_in": seconds}
                return json_answer(200, found)
        return json_answer(
            401, {"error": "invalid_client", "error_description": "Client authentication failed"}
        )

    def _refusal(self, request: Request) -> ApiError:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token.startswith("dapi"):
            return ApiError(403, "403", "Invalid access token.")
        return ApiError(401, "401", "Credential was not sent or was of an unsupported type")

    def _commanded(self, workspace: Workspace, request: Request) -> Response:
        what, content = request.path.removeprefix("/rig/"), request.get_json(silent=True) or {}
        if what == "fault":
            workspace.faults.append(Fault(**content))
        elif what == "expire":
            workspace.bearers.clear()
            workspace.token = f"dapi{secrets.token_hex(16)}"
        elif what == "hold":
            workspace.go_on.clear()
        elif what == "go":
            workspace.go_on.set()
        elif what == "set":
            for name, value in content.items():
                setattr(workspace, name, value)
        else:
            found = self._handlers[request.method, request.path](workspace, request)
            return found if isinstance(found, Response) else json_answer(200, found)
        return Response(status=204)

    def _answered(self, workspace: Workspace, request: Request) -> Response:
        fault = self._fault(workspace, request)
        if fault is not None and fault.how.isdigit():
            return _failure(fault.how)
        handler = self._handler(request)
        with workspace.lock:
            found = handler(workspace, request)
        if fault is not None:
            return _lost(fault.how, request)
        return found if isinstance(found, Response) else json_answer(200, found)

    def _handler(self, request: Request) -> Handler:
        for (method, path), handler in self._handlers.items():
            is_it = request.path.startswith(path) if path.endswith("/") else request.path == path
            if method == request.method and is_it:
                return handler
        raise ApiError(404, "ENDPOINT_NOT_FOUND", f"No API found for {request.path}")

    def _fault(self, workspace: Workspace, request: Request) -> Fault | None:
        with workspace.lock:
            for fault in workspace.faults:
                if fault.times and request.path.endswith(fault.path):
                    fault.times -= 1
                    return fault
        return None


def _lost(how: str, request: Request) -> Response:
    """Answer too late, with an error of the server, or not at all."""
    if how.startswith("lost-"):
        return _failure(how.removeprefix("lost-"))
    if how == "stall":
        time.sleep(STALL_SECONDS)
    request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
    raise ConnectionAbortedError


def _failure(status: str) -> Response:
    codes = {
        "400": "INVALID_PARAMETER_VALUE",
        "403": "PERMISSION_DENIED",
        "429": "RESOURCE_EXHAUSTED",
        "500": "INTERNAL_ERROR",
    }
    code = codes.get(status, "TEMPORARILY_UNAVAILABLE")
    content = {"error_code": code, "message": "The rig was told to refuse this."}
    if status == "502":  # a gateway's, which knows nothing of Databricks' errors
        return Response("<html><body>Bad Gateway</body></html>", 502, content_type="text/html")
    headers = {"Retry_After": "0"} if status in {"429", "503"} else {}
    return json_answer(int(status), content, **headers)
