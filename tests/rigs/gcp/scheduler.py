"""Cloud Scheduler: jobs that call an address as a service account.

https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs
"""

import asyncio
import base64
import re
from typing import Any
from urllib.error import HTTPError
from urllib.parse import unquote
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

from google.cloud.scheduler_v1 import Job
from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.planes import Policies, RefusedError, answering, denied


def routes(cloud: Cloud) -> list[BaseRoute]:
    """Return the routes by which jobs are kept and run."""
    made = Scheduler(cloud)
    place = "/v1/projects/{project}/locations/{location}/jobs"
    return [
        Route(place, answering(made.create), methods=["POST"]),
        Route(f"{place}/{{job}}:run", answering(made.run), methods=["POST"]),
        Route(f"{place}/{{job}}:pause", answering(made.pause), methods=["POST"]),
        Route(f"{place}/{{job}}:resume", answering(made.resume), methods=["POST"]),
        Route(f"{place}/{{job}}", answering(made.get), methods=["GET"]),
        Route(f"{place}/{{job}}", answering(made.update), methods=["PATCH"]),
        Route(f"{place}/{{job}}", answering(made.delete), methods=["DELETE"]),
    ]


class Scheduler:
    """Keeps jobs, and runs one when it is told to."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._policies = Policies(cloud)
        self._jobs: dict[str, dict[str, Any]] = {}

    async def create(self, request: Request) -> dict[str, Any]:
        """Make a job."""
        who = self._policies.require(request, "cloudscheduler.jobs.create")
        job = await _job_in(request)
        if job["name"] in self._jobs:
            raise RefusedError(409, "ALREADY_EXISTS", f"Job {job['name']} already exists.")
        return self._kept(who, job)

    async def get(self, request: Request) -> dict[str, Any]:
        """Tell of a job."""
        self._policies.require(request, "cloudscheduler.jobs.get")
        return self._found(request)

    async def update(self, request: Request) -> dict[str, Any]:
        """Replace a job."""
        who = self._policies.require(request, "cloudscheduler.jobs.update")
        name = self._found(request)["name"]  # which the body does not repeat
        state = self._found(request)["state"]
        kept = self._kept(who, {**await _job_in(request), "name": name})
        kept["state"] = "PAUSED" if state == "PAUSED" else "ENABLED"
        return kept

    async def pause(self, request: Request) -> dict[str, Any]:
        """Have a job do nothing until it is resumed."""
        self._policies.require(request, "cloudscheduler.jobs.pause")
        return self._changed(request, "ENABLED", "PAUSED")

    async def resume(self, request: Request) -> dict[str, Any]:
        """Have a paused job do its work again."""
        self._policies.require(request, "cloudscheduler.jobs.enable")
        return self._changed(request, "PAUSED", "ENABLED")

    async def delete(self, request: Request) -> dict[str, Any]:
        """Forget a job."""
        self._policies.require(request, "cloudscheduler.jobs.delete")
        del self._jobs[self._found(request)["name"]]
        return {}

    async def run(self, request: Request) -> dict[str, Any]:
        """Have a job do its work now; it tells of how that went."""
        self._policies.require(request, "cloudscheduler.jobs.run")
        job = self._found(request)
        target = job["httpTarget"]
        oidc = target["oidcToken"]
        token = self._cloud.accounts.id_token(oidc["serviceAccountEmail"], oidc["audience"])
        headers = {**target["headers"], "Authorization": f"Bearer {token}"}
        body = base64.b64decode(target["body"])
        asked = HttpRequest(target["uri"], body, headers, method=target["httpMethod"])
        status = await asyncio.to_thread(_status_of, asked)
        job["status"] = {} if status < 300 else {"code": 2, "message": f"HTTP {status}"}
        return job

    def _kept(self, who: str, job: dict[str, Any]) -> dict[str, Any]:
        email = job["httpTarget"]["oidcToken"]["serviceAccountEmail"]
        account = self._cloud.accounts.find(email)
        permission = "iam.serviceAccounts.actAs"
        if account is None:
            raise RefusedError(404, "NOT_FOUND", f"Service account {email} was not found.")
        if not self._cloud.permissions.permits(who, permission, account.policy):
            raise denied(permission, email)
        job["httpTarget"]["headers"]["User-Agent"] = "Google-Cloud-Scheduler"
        self._jobs[job["name"]] = {**job, "state": "ENABLED"}
        return self._jobs[job["name"]]

    def _changed(self, request: Request, before: str, after: str) -> dict[str, Any]:
        job = self._found(request)
        if job["state"] != before:
            raise RefusedError(400, "FAILED_PRECONDITION", f"Job is not {before}.")
        job["state"] = after
        return job

    def _found(self, request: Request) -> dict[str, Any]:
        path = {name: unquote(value) for name, value in request.path_params.items()}
        name = f"projects/{path['project']}/locations/{path['location']}/jobs/{path['job']}"
        if name not in self._jobs:
            raise RefusedError(404, "NOT_FOUND", "Job not found.")
        return self._jobs[name]


async def _job_in(request: Request) -> dict[str, Any]:
    """Return the job in a request, with the names of enums."""
    body = (await request.body()).decode()
    found: dict[str, Any] = Job.to_dict(
        Job.from_json(body), preserving_proto_field_name=False, use_integers_for_enums=False
    )
    if not re.fullmatch(r"\S+( \S+){4}", found["schedule"]):
        message = f"Schedule or time zone is invalid: {found['schedule']}"
        raise RefusedError(400, "INVALID_ARGUMENT", message)
    return found


def _status_of(request: HttpRequest) -> int:
    try:
        with urlopen(request) as answer:
            return int(answer.status)
    except HTTPError as error:
        error.close()
        return error.code
