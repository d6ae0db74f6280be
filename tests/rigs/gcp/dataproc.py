"""Dataproc of the rig: clusters, their jobs, and serverless batches, all of which really run.

https://cloud.google.com/dataproc/docs/reference/rest
"""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import uuid4

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from tests.rigs.gcp.accounts import MACHINE
from tests.rigs.gcp.answers import base_url, json_body
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.dataproc_clusters import Cluster, Clusters
from tests.rigs.gcp.dataproc_process import Images
from tests.rigs.gcp.dataproc_runs import Run, RunPlace
from tests.rigs.gcp.planes import RefusedError, answering, denied

REGION = "/v1/projects/{project}/regions/{region}"
LOCATION = "/v1/projects/{project}/locations/{region}"
TYPE = "type.googleapis.com/google.cloud.dataproc.v1."
_JOB_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_BATCH_ID = re.compile(r"[a-z0-9][a-z0-9-]{2,61}[a-z0-9]")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,40}")
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")

T = TypeVar("T")


def routes(cloud: Cloud) -> list[BaseRoute]:
    """Return the routes of clusters, jobs, batches and operations."""
    made = Dataproc(cloud)
    return [
        Route(f"{REGION}/clusters", made.create_cluster, methods=["POST"]),
        Route(f"{REGION}/clusters/{{name}}", made.get_cluster, methods=["GET"]),
        Route(f"{REGION}/clusters/{{name}}", made.update_cluster, methods=["PATCH"]),
        Route(f"{REGION}/jobs:submit", made.submit_job, methods=["POST"]),
        Route(f"{REGION}/jobs", made.list_jobs, methods=["GET"]),
        Route(f"{REGION}/jobs/{{id}}:cancel", made.cancel_job, methods=["POST"]),
        Route(f"{REGION}/jobs/{{id}}", made.get_job, methods=["GET"]),
        Route(f"{LOCATION}/batches", made.create_batch, methods=["POST"]),
        Route(f"{LOCATION}/batches", made.list_batches, methods=["GET"]),
        Route(f"{LOCATION}/batches/{{id}}", made.get_batch, methods=["GET"]),
        Route(f"{REGION}/operations/{{id}}:cancel", made.cancel_operation, methods=["POST"]),
        Route(f"{REGION}/operations/{{id}}", made.get_operation, methods=["GET"]),
        Route("/rig/dataproc/{what}", made.told_by_test, methods=["POST"]),
    ]


class Dataproc:
    """Answers for what it is asked to run.

    `POST /rig/dataproc/image` with `name` and `requirements` makes a container image;
    `POST /rig/dataproc/state` with `id` and `state` has a job or a batch tell of some state, and
    `POST /rig/dataproc/cluster` with `name` and `states` a cluster of some, of which `DELETED`
    is its end.

    Args:
        cloud: What it is a part of.
    """

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._images = Images()
        self._clusters = Clusters(self._images)
        self._runs: dict[str, Run] = {}
        self._requests: dict[str, str] = {}
        self._operations: dict[str, Callable[[], dict[str, Any]]] = {}
        self._lock = threading.RLock()

    async def create_cluster(self, request: Request) -> Response:
        """Begin to make a cluster; its operation is done when it was asked for once."""
        body = await json_body(request)

        def create() -> dict[str, Any]:
            self._require(request, "dataproc.clusters.create", self._account_in(body))
            _check_labels(body)
            name = str(body.get("clusterName"))
            if self._clusters.find(name) is not None:
                raise _exists(f"Cluster {_path(request)}/clusters/{name}")
            cluster = self._clusters.create(body, dict(request.path_params))
            return self._operation_of(request, cluster)

        return await self._answer(request, create)

    async def get_cluster(self, request: Request) -> Response:
        """Tell of a cluster."""

        def get() -> dict[str, Any]:
            self._require(request, "dataproc.clusters.get")
            return self._cluster(request, request.path_params["name"]).told()

        return await self._answer(request, get)

    async def update_cluster(self, request: Request) -> Response:
        """Change what can be changed of a cluster."""
        body = await json_body(request)
        mask = request.query_params.get("updateMask", "").split(",")

        def update() -> dict[str, Any]:
            self._require(request, "dataproc.clusters.update")
            _check_labels(body)
            cluster = self._cluster(request, request.path_params["name"])
            problem = cluster.change(body, mask)
            if problem:
                raise _invalid(problem)
            return self._operation_of(request, cluster)

        return await self._answer(request, update)

    async def submit_job(self, request: Request) -> Response:
        """Start a job; a request that comes again is answered with what it has started."""
        body = await json_body(request)

        def submit() -> dict[str, Any]:
            self._require(request, "dataproc.jobs.create")
            job = body.get("job") or {}
            _check_labels(job)
            cluster = self._cluster(request, str(job.get("placement", {}).get("clusterName")))
            job_id = str(job.get("reference", {}).get("jobId") or uuid4())
            place = RunPlace(
                self._cloud, self._images, base_url(request), cluster.account, cluster.bucket
            )
            return self._started(
                request,
                job_id,
                str(body.get("requestId", "")),
                _JOB_ID,
                lambda: cluster.submit(job_id, job, place),
            ).told()

        return await self._answer(request, submit)

    async def create_batch(self, request: Request) -> Response:
        """Start a batch; as `submit_job`."""
        body = await json_body(request)
        query = request.query_params

        def create() -> dict[str, Any]:
            who = self._require(request, "dataproc.batches.create", self._account_in(body))
            _check_labels(body)
            environment = body.get("environmentConfig", {}).get("executionConfig", {})
            account = _account_of_batch(body, who)
            bucket = str(environment.get("stagingBucket") or "")
            batch_id = str(query.get("batchId") or uuid4())

            def start() -> Run:
                operation = f"{_region(request)}/operations/{uuid4()}"
                name = f"{_path(request)}/batches/{batch_id}"
                place = RunPlace(self._cloud, self._images, base_url(request), account, bucket)
                run = Run.of_batch(name, body, place, operation)
                self._operations[operation] = run.operation
                run.start()
                return run

            run = self._started(request, batch_id, query.get("requestId", ""), _BATCH_ID, start)
            return run.operation()

        return await self._answer(request, create)

    async def get_job(self, request: Request) -> Response:
        """Tell of a job."""
        return await self._get(request, "dataproc.jobs.get", "jobs")

    async def get_batch(self, request: Request) -> Response:
        """Tell of a batch."""
        return await self._get(request, "dataproc.batches.get", "batches")

    async def list_jobs(self, request: Request) -> Response:
        """Tell of all jobs, perhaps of one cluster."""
        cluster = request.query_params.get("clusterName", "")
        return await self._list(request, "jobs", lambda run: cluster in {"", run.cluster})

    async def list_batches(self, request: Request) -> Response:
        """Tell of all batches."""
        return await self._list(request, "batches", lambda _: True)

    async def cancel_job(self, request: Request) -> Response:
        """Begin to end a job."""

        def cancel() -> dict[str, Any]:
            self._require(request, "dataproc.jobs.cancel")
            run = self._run(request, "jobs")
            if run.has_ended:
                raise RefusedError(400, "FAILED_PRECONDITION", "The job is in a terminal state.")
            run.cancel()
            return run.told()

        return await self._answer(request, cancel)

    async def cancel_operation(self, request: Request) -> Response:
        """Begin to end a batch."""

        def cancel() -> dict[str, Any]:
            self._require(request, "dataproc.operations.cancel")
            name = f"{_region(request)}/operations/{request.path_params['id']}"
            for run in self._runs.values():
                if run.operation_name == name:
                    run.cancel()
                    return {}
            raise _missing(f"Operation {name}")

        return await self._answer(request, cancel)

    async def get_operation(self, request: Request) -> Response:
        """Tell how far an operation is."""

        def get() -> dict[str, Any]:
            self._require(request, "dataproc.operations.get")
            name = f"{_region(request)}/operations/{request.path_params['id']}"
            if name not in self._operations:
                raise _missing(f"Operation {name}")
            return self._operations[name]()

        return await self._answer(request, get)

    async def told_by_test(self, request: Request) -> Response:
        """Do what a test says."""
        body = await json_body(request)
        if request.path_params["what"] == "image":
            self._images.define(body["name"], body["requirements"])
        elif request.path_params["what"] == "cluster":
            self._cluster(request, body["name"]).claimed_states = body["states"]
        else:
            self._runs[body["id"]].claimed_state = body["state"]
        return Response(status_code=204)

    def _started(
        self,
        request: Request,
        run_id: str,
        request_id: str,
        pattern: re.Pattern[str],
        start: Callable[[], Run],
    ) -> Run:
        if not pattern.fullmatch(run_id):
            raise _invalid(f"Invalid id {run_id!r}: it must match {pattern.pattern}")
        if request_id and not _REQUEST_ID.fullmatch(request_id):
            raise _invalid(f"Invalid request id {request_id!r}")
        with self._lock:
            known = self._requests.get(request_id)
            if known is not None:
                return self._runs[known]
            if run_id in self._runs:
                raise _exists(f"{_path(request)}: {run_id}")
            run = self._runs[run_id] = start()
            if request_id:
                self._requests[request_id] = run_id
            return run

    async def _get(self, request: Request, permission: str, kind: str) -> Response:
        def get() -> dict[str, Any]:
            self._require(request, permission)
            return self._run(request, kind).told()

        return await self._answer(request, get)

    async def _list(self, request: Request, kind: str, is_meant: Callable[[Run], bool]) -> Response:
        def found() -> dict[str, Any]:
            self._require(request, f"dataproc.{kind}.list")
            runs = [run for run in self._runs.values() if run.kind == kind and is_meant(run)]
            return {kind: [run.told() for run in runs]}

        return await self._answer(request, found)

    async def _answer(self, request: Request, work: Callable[[], dict[str, Any]]) -> Response:
        async def handler(_: Request) -> dict[str, Any]:
            return await run_in_threadpool(work)

        return await answering(handler)(request)

    def _require(self, request: Request, permission: str, account: str = "") -> str:
        who = self._cloud.caller(request)
        permissions = self._cloud.permissions
        if not permissions.permits(who, permission):
            raise denied(permission, f"projects/{request.path_params['project']}")
        if not account:
            return who
        found = self._cloud.accounts.find(account)
        if found is None:
            raise _invalid(f"Service account '{account}' does not exist.")
        if not permissions.permits(who, "iam.serviceAccounts.actAs", found.policy):
            message = f"User not authorized to act as service account '{account}'."
            raise RefusedError(403, "PERMISSION_DENIED", message)
        return who

    def _account_in(self, body: Mapping[str, Any]) -> str:
        machines = body.get("config", {}).get("gceClusterConfig", {})
        environment = body.get("environmentConfig", {}).get("executionConfig", {})
        return str(machines.get("serviceAccount") or environment.get("serviceAccount") or "")

    def _cluster(self, request: Request, name: str) -> Cluster:
        found = self._clusters.find(name)
        if found is None:
            raise _missing(f"Cluster {_region(request)}/clusters/{name}")
        return found

    def _run(self, request: Request, kind: str) -> Run:
        found = self._runs.get(request.path_params["id"])
        if found is None or found.kind != kind:
            raise _missing(f"{kind[:-1].title()} {_path(request)}/{request.path_params['id']}")
        return found

    def _operation_of(self, request: Request, cluster: Cluster) -> dict[str, Any]:
        """Return an operation that has not ended yet, and will have when it is asked for."""
        name = f"{_region(request)}/operations/{uuid4()}"
        metadata = {"@type": f"{TYPE}ClusterOperationMetadata", "clusterName": cluster.name}
        begun: dict[str, Any] = {"name": name, "metadata": metadata, "done": False}
        end: dict[str, Any] = {"response": {"@type": f"{TYPE}Cluster", **cluster.told()}}
        if cluster.problem:
            end = {"error": {"code": 9, "message": cluster.problem}}
        self._operations[name] = lambda: {**begun, "done": True, **end}
        return begun


def _path(request: Request) -> str:
    place = request.path_params
    kind = "locations" if "/locations/" in request.scope["path"] else "regions"
    return f"projects/{place['project']}/{kind}/{place['region']}"


def _region(request: Request) -> str:
    return _path(request).replace("/locations/", "/regions/")


def _check_labels(body: Mapping[str, Any]) -> None:
    for key, value in body.get("labels", {}).items():
        if not (_LABEL.fullmatch(key) and key and _LABEL.fullmatch(value)):
            raise _invalid(f"Invalid label: {key}={value}")


def _account_of_batch(body: Mapping[str, Any], who: str) -> str:
    """Return whom a batch runs as: from the runtime 3.0 on that is its user, if it says nothing."""
    environment = body.get("environmentConfig", {}).get("executionConfig", {})
    version = str(body.get("runtimeConfig", {}).get("version", "2.2"))
    is_newer = int(version.partition(".")[0]) >= 3
    kind = environment.get("authenticationConfig", {}).get("userWorkloadAuthenticationType")
    if (kind or ("END_USER_CREDENTIALS" if is_newer else "")) == "END_USER_CREDENTIALS":
        return who
    account = str(environment.get("serviceAccount") or "")
    if is_newer and not account:
        raise _invalid("A custom service account is required for SERVICE_ACCOUNT authentication.")
    return account or MACHINE


def _missing(what: str) -> RefusedError:
    return RefusedError(404, "NOT_FOUND", f"Not found: {what}")


def _exists(what: str) -> RefusedError:
    return RefusedError(409, "ALREADY_EXISTS", f"Already exists: {what}")


def _invalid(message: str) -> RefusedError:
    return RefusedError(400, "INVALID_ARGUMENT", message)
