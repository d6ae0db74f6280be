"""Synapse of the rig: the endpoint of every workspace, whose batches really run.

Workspaces and pools are Resource Manager's; a workspace `W` answers below `/synapse/W`.
"""

import re
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request, Response

from tests.rigs.azure.identity import claims_in
from tests.rigs.azure.resources import ResourceManager
from tests.rigs.azure.synapse_process import BatchProcess, images
from tests.rigs.planes import json_answer

AUDIENCE = "https://dev.azuresynapse.net"
STALL_SECONDS = 2.0
_PATH = re.compile(r"/synapse/([^/]+)/livyApi/versions/[^/]+/sparkPools/([^/]+)/batches(?:/(\d+))?")
_NODE_CORES = {"Small": 4, "Medium": 8, "Large": 16, "XLarge": 32, "XXLarge": 64}
_REQUIRED = ("name", "file", "driverMemory", "driverCores", "executorMemory", "executorCores")
_LONGEST_PAGE = 20


@dataclass(slots=True)
class Batch:
    """A batch, and how far it is."""

    number: int
    request: Mapping[str, Any]
    process: BatchProcess
    state: str = "not_started"
    result: str = "Uncertain"
    problem: str = ""
    output: list[str] = field(default_factory=list)
    submitted: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def cores(self) -> int:
        """How many cores of the pool it takes."""
        one, other = self.request["driverCores"], self.request["executorCores"]
        return int(one) + int(other) * int(self.request.get("numExecutors", 1))

    @property
    def is_active(self) -> bool:
        """Whether it has those cores now."""
        return self.state in {"starting", "running"}


class Synapse:
    """Answers for batches and carries them out; `app.Part`.

    `POST /rig/synapse/lose/HOW` loses the next answer to a submission: `drop`, `500` or `stall`;
    `POST /rig/synapse/refuse/STATUS` refuses the next one. `POST /rig/synapse/state/W/P/ID/STATE`
    has a batch in some state; `POST /rig/synapse/forbid/W` takes the roles in a workspace away.

    Args:
        port: Where the rig answers.
        resources: Resource Manager.
    """

    def __init__(self, port: int, resources: ResourceManager) -> None:
        self._resources = resources
        self._images = images(f"http://127.0.0.1:{port}")
        self._batches: dict[tuple[str, str], list[Batch]] = {}
        self._losses: list[str] = []
        self._refusals: list[int] = []
        self._forbidden: set[str] = set()
        self._lock = threading.RLock()

    def answer(self, request: Request) -> Response | None:
        """Answer a request to a workspace."""
        if request.path.startswith("/rig/synapse/"):
            self._command(*request.path.split("/")[3:])
            return Response(status=204)
        found = _PATH.fullmatch(request.path)
        if found is None:
            return None
        workspace, pool, number = found.groups()
        refused = self._refused(request, workspace, pool)
        if refused is not None:
            return refused
        with self._lock:
            answer = self._answered(request, (workspace, pool), number)
        if request.method == "POST" and self._losses and answer.status_code == 200:
            return self._lost(self._losses.pop(0), request)
        return answer

    def close(self) -> None:
        """End all batches."""
        for batches in self._batches.values():
            for batch in batches:
                batch.process.stop()
        self._images.close()

    def _command(self, what: str, *words: str) -> None:
        if what == "lose":
            self._losses.extend(words)
        elif what == "refuse":
            self._refusals.extend(int(word) for word in words)
        elif what == "forbid":
            self._forbidden.update(words)
        else:
            workspace, pool, number, state = words
            self._batches[workspace, pool][int(number)].state = state

    def _refused(self, request: Request, workspace: str, pool: str) -> Response | None:
        if str(claims_in(request).get("aud", "")).rstrip("/") != AUDIENCE:
            return _error(401, "Unauthorized", "The token is missing or for another audience.")
        if workspace in self._forbidden:
            text = "The principal does not have the required Synapse RBAC permission to perform "
            action = "Microsoft.Synapse/workspaces/bigDataPools/useCompute/action"
            return _error(403, "AccessControlUnauthorized", f"{text}this action: {action}")
        if self._pool(workspace, pool) is None:
            return _error(404, "SparkPoolNotFound", f"Spark pool {pool} could not be found.")
        if request.method == "POST" and self._refusals:
            return _error(self._refusals.pop(0), "Refused", "The rig was told to refuse this.")
        return None

    def _answered(self, request: Request, place: tuple[str, str], number: str | None) -> Response:
        batches = self._batches.setdefault(place, [])
        detailed = request.args.get("detailed", "").lower() == "true"
        if request.method == "POST":
            return self._create(place, request.get_json(), detailed=detailed)
        if number is None:
            begin = int(request.args.get("from", 0))
            size = min(_LONGEST_PAGE, int(request.args.get("size", _LONGEST_PAGE)))
            page = list(reversed(batches))[begin : begin + size]
            told = [_told(batch, place, detailed=detailed) for batch in page]
            return json_answer(200, {"from": begin, "total": len(told), "sessions": told})
        if int(number) >= len(batches):
            return _error(404, "BatchNotFound", f"The batch {number} could not be found.")
        batch = batches[int(number)]
        if request.method == "DELETE":
            return self._cancel(place, batch)
        return json_answer(200, _told(batch, place, detailed=detailed))

    def _create(
        self, place: tuple[str, str], wanted: Mapping[str, Any], *, detailed: bool
    ) -> Response:
        batches = self._batches[place]
        absent = [key for key in _REQUIRED if not wanted.get(key)]
        if absent:
            return _error(400, "InvalidRequest", f"Missing: {', '.join(absent)}")
        if any(one.request["name"] == wanted["name"] for one in batches):
            return _error(400, "InvalidRequest", f"Duplicate session name: {wanted['name']}")
        output: list[str] = []
        process = BatchProcess(wanted, lambda _, line: output.append(line))
        batch = Batch(len(batches), wanted, process, output=output)
        if batch.cores > self._capacity(place):
            text = f"The batch needs {batch.cores} vcores, the pool has {self._capacity(place)}."
            return _error(400, "AvailableComputeCapacityExceeded", text)
        batches.append(batch)
        self._begin_next(place)
        return json_answer(200, _told(batch, place, detailed=detailed))

    def _cancel(self, place: tuple[str, str], batch: Batch) -> Response:
        if batch.state == "not_started":
            batch.state, batch.result = "killed", "Cancelled"
        elif batch.is_active:
            threading.Thread(target=batch.process.stop).start()
        return Response(status=200)

    def _begin_next(self, place: tuple[str, str]) -> None:
        """Start what waits, in its order, as far as there is room."""
        batches = self._batches[place]
        for batch in batches:
            used = sum(one.cores for one in batches if one.is_active)
            if batch.state == "not_started":
                if used + batch.cores > self._capacity(place):
                    return
                batch.state = "starting"
                threading.Thread(target=self._carry_out, args=(place, batch)).start()

    def _carry_out(self, place: tuple[str, str], batch: Batch) -> None:
        def started() -> None:
            with self._lock:
                if batch.state == "starting":
                    batch.state = "running"

        pool = self._pool(*place) or {}
        libraries = pool.get("properties", {}).get("libraryRequirements") or {}
        problem = batch.process.run(self._images, str(libraries.get("content") or ""), started)
        with self._lock:
            if batch.process.is_stopped:
                batch.state, batch.result = "killed", "Cancelled"
            elif problem:
                batch.state, batch.result, batch.problem = "dead", "Failed", problem
            else:
                batch.state, batch.result = "success", "Succeeded"
            self._begin_next(place)

    def _capacity(self, place: tuple[str, str]) -> int:
        properties = (self._pool(*place) or {}).get("properties", {})
        scale = properties.get("autoScale") or {}
        nodes = scale["maxNodeCount"] if scale.get("enabled") else properties.get("nodeCount", 3)
        return int(nodes) * _NODE_CORES[properties.get("nodeSize", "Small")]

    def _pool(self, workspace: str, pool: str) -> Mapping[str, Any] | None:
        return self._resources.find_ending(f"/workspaces/{workspace}/bigDataPools/{pool}")

    def _lost(self, how: str, request: Request) -> Response:
        """Answer too late, with an error of the server, or not at all."""
        if how == "stall":
            time.sleep(STALL_SECONDS)
        if how in {"drop", "stall"}:
            request.environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        return _error(500, "InternalServerError", "The rig was told to lose this answer.")


def _told(batch: Batch, place: tuple[str, str], *, detailed: bool) -> dict[str, Any]:
    """Return what the API tells of a batch; Livy's log is not what it prints."""
    livy = [f"Preparing {batch.request['file']}", f"Application is {batch.state}"]
    found: dict[str, Any] = {"id": batch.number, "state": batch.state, "log": livy, "appId": None}
    if not detailed:
        return found
    code, _, message = batch.problem.partition(": ")
    problems = [{"message": message, "errorCode": code, "source": "User"}] if code else []
    return {
        **found,
        "name": batch.request["name"],
        "workspaceName": place[0],
        "sparkPoolName": place[1],
        "jobType": "SparkBatch",
        "result": batch.result,
        "tags": batch.request.get("tags"),
        "errorInfo": problems,
        "schedulerInfo": {"submittedAt": batch.submitted.isoformat()},
        "livyInfo": {"jobCreationRequest": dict(batch.request), "currentState": batch.state},
    }


def _error(status: int, code: str, message: str) -> Response:
    return json_answer(status, {"code": code, "message": message})
