"""Glue of the rig: moto's, whose runs really run.

Moto keeps the jobs and their runs. It lacks `UpdateJob`, `BatchStopJobRun` and queued runs, and
tells made-up facts of runs; this answers those requests in its place, on moto's own objects.
"""

import inspect
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIEnvironment

from moto.core.exceptions import JsonRESTError
from moto.core.utils import utcnow
from moto.glue.exceptions import (
    AlreadyExistsException,
    ConcurrentRunsExceededException,
    InvalidInputException,
)
from moto.glue.models import GlueBackend, glue_backends
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.moto_api import state_manager

from tests.rigs.aws.glue_process import GlueProcess

ACCOUNT = "123456789012"
STALL_SECONDS = 2.0
_ACTIVE = {"STARTING", "RUNNING", "STOPPING"}
_ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT", "ERROR"}
_UNLIMITED = 1_000_000


class GlueRuns:
    """Answers for runs of Glue jobs and carries them out; `app.Part`.

    `GET /rig/glue/lose/HOW` loses the next answer to `StartJobRun`: `drop`, `500`, `timeout`
    (an error of the client's, by its status) or `stall`.
    `GET /rig/glue/state/RUN/STATE` has a run in some state, until its process changes it.

    Args:
        port: Where the rig answers.
        read_body: Reads a request's body and leaves it there.
    """

    def __init__(self, port: int, read_body: Callable[[WSGIEnvironment], bytes]) -> None:
        self._endpoint = f"http://127.0.0.1:{port}"
        self._read_body = read_body
        self._queuing: dict[tuple[str, str], bool] = {}
        self._processes: dict[str, GlueProcess] = {}
        self._messages: dict[str, str] = {}
        self._losses: list[str] = []
        self._lock = threading.RLock()
        # Runs change their state when their process does, and never by being looked at.
        state_manager.set_transition("glue::job_run", {"progression": "manual", "times": 10**9})

    def answer(self, environ: WSGIEnvironment, start: StartResponse) -> list[bytes] | None:
        """Answer a request; None for one that is moto's."""
        path = environ["PATH_INFO"]
        if path.startswith("/rig/glue/"):
            self._command(*path.split("/")[3:])
            start("200 OK", [])
            return [b""]
        service, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        method = getattr(self, f"_{_snake(operation)}", None) if service == "AWSGlue" else None
        if method is None:
            return None
        body = json.loads(self._read_body(environ))
        try:
            with self._lock:
                found = method(self._backend(environ), body)
        except JsonRESTError as error:
            return _sent(start, "400 Bad Request", {"__type": error.error_type, **_text(error)})
        if found is None:
            return None
        if operation == "StartJobRun" and self._losses:
            return self._lose(self._losses.pop(0), environ, start)
        return _sent(start, "200 OK", found)

    def close(self) -> None:
        """End all runs."""
        for process in list(self._processes.values()):
            process.stop()

    def _command(self, what: str, *arguments: str) -> None:
        if what == "lose":
            self._losses.extend(arguments)
            return
        run_id, state = arguments
        for regions in glue_backends.values():
            for backend in regions.values():
                runs = [run for job in backend.jobs.values() for run in job.job_runs]
                for run in runs:
                    if run.job_run_id == run_id:
                        run.status = state

    def _backend(self, environ: WSGIEnvironment) -> GlueBackend:
        scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
        return glue_backends[ACCOUNT][scope[2]]

    def _create_job(self, backend: GlueBackend, body: Mapping[str, Any]) -> None:
        """Refuse what Glue would; the rest is moto's."""
        if body["Name"] in backend.jobs:
            raise AlreadyExistsException("Job")
        _check_role(body["Role"])
        self._note_queuing(backend, body["Name"], body)

    def _update_job(self, backend: GlueBackend, body: Mapping[str, Any]) -> dict[str, Any]:
        """Replace a job's definition; what is not given is reset, as Glue does."""
        job, update = backend.get_job(body["JobName"]), body["JobUpdate"]
        _check_role(update["Role"])
        given = {_snake(key): value for key, value in update.items()}
        names = inspect.signature(GlueBackend.create_job).parameters.keys() - {"self"}
        fields: dict[str, Any] = {name: given.get(name) for name in names}
        fields |= {"name": job.name, "tags": {}}
        backend.create_job(**fields)
        backend.jobs[job.name].job_runs = job.job_runs
        backend.jobs[job.name].created_on = job.created_on
        self._note_queuing(backend, job.name, update)
        return {"JobName": job.name}

    def _get_job(self, backend: GlueBackend, body: Mapping[str, Any]) -> dict[str, Any]:
        job = backend.get_job(body["JobName"])
        queuing = self._queuing.get((backend.region_name, job.name), False)
        return {"Job": {**job.as_dict(), "JobRunQueuingEnabled": queuing}}

    def _start_job_run(self, backend: GlueBackend, body: Mapping[str, Any]) -> dict[str, Any]:
        job = backend.get_job(body["JobName"])
        limit = job.execution_property.get("MaxConcurrentRuns", 1)
        is_full = sum(run.status in _ACTIVE for run in job.job_runs) >= limit
        if is_full and not self._queuing.get((backend.region_name, job.name)):
            raise ConcurrentRunsExceededException(
                f"Concurrent runs exceeded for {job.name} (Service: AWSGlue)"
            )
        own = job.execution_property
        job.execution_property = {"MaxConcurrentRuns": _UNLIMITED}
        given = [body.get(key) for key in _START_FIELDS]
        run_id = backend.start_job_run(job.name, *given)
        job.execution_property = own
        run: Any = job.get_job_run(run_id)  # it gets attributes that moto's runs lack
        run.status = "WAITING" if is_full else "STARTING"
        run.completed_on = None
        run.glue_version = job.glue_version
        if not is_full:
            self._begin(backend, job, run)
        return {"JobRunId": run_id}

    def _get_job_run(self, backend: GlueBackend, body: Mapping[str, Any]) -> dict[str, Any]:
        return {"JobRun": self._told(backend.get_job_run(body["JobName"], body["RunId"]))}

    def _get_job_runs(self, backend: GlueBackend, body: Mapping[str, Any]) -> dict[str, Any]:
        """Tell of runs, the newest first, as Glue does."""
        runs = list(reversed(backend.get_job(body["JobName"]).job_runs))
        begin = int(body.get("NextToken") or 0)
        end = begin + int(body.get("MaxResults") or 100)
        token = {"NextToken": str(end)} if end < len(runs) else {}
        return {"JobRuns": [self._told(run) for run in runs[begin:end]], **token}

    def _batch_stop_job_run(self, backend: GlueBackend, body: Mapping[str, Any]) -> dict[str, Any]:
        name, stopped, errors = body["JobName"], [], []
        for run_id in body["JobRunIds"]:
            run = backend.get_job(name).get_job_run(run_id)
            about = {"JobName": name, "JobRunId": run_id}
            if run.status in _ENDED:
                detail = {"ErrorCode": "JobRunNotStoppable", "ErrorMessage": f"It is {run.status}"}
                errors.append({**about, "ErrorDetail": detail})
                continue
            stopped.append(about)
            if run.status == "WAITING":
                run.status, run.completed_on = "STOPPED", utcnow()
            else:
                run.status = "STOPPING"
                threading.Thread(target=self._processes[run_id].stop).start()
        return {"SuccessfulSubmissions": stopped, "Errors": errors}

    def _told(self, run: Any) -> dict[str, Any]:
        told: dict[str, Any] = run.as_dict()
        told |= {"LogGroupName": "/aws-glue/jobs", "GlueVersion": run.glue_version}
        if self._messages.get(run.job_run_id):
            told["ErrorMessage"] = self._messages[run.job_run_id]
        return told

    def _begin(self, backend: GlueBackend, job: Any, run: Any) -> None:
        run.status = "STARTING"
        version = tuple(int(part) for part in (job.glue_version or "5.0").split("."))

        def say(stream: str, line: str) -> None:
            group = "error" if stream == "stderr" and version < (5, 0) else "output"
            self._log(backend, group, run.job_run_id, line)

        arguments = dict(run.arguments or {})
        process = GlueProcess(
            self._endpoint,
            backend.region_name,
            job.role,
            job.name,
            run.job_run_id,
            arguments,
            arguments.get("--scriptLocation", job.command["ScriptLocation"]),
            60.0 * (run.timeout or job.timeout or 480),
            say,
        )
        self._processes[run.job_run_id] = process
        thread = threading.Thread(target=self._carry_out, args=(backend, job.name, run, process))
        thread.start()

    def _carry_out(self, backend: GlueBackend, name: str, run: Any, process: GlueProcess) -> None:
        def started() -> None:
            with self._lock:
                if run.status == "STARTING":
                    run.status = "RUNNING"

        self._log(backend, "error", run.job_run_id, f"Preparing {process.script}")
        state, message = process.run(started)
        with self._lock:
            self._messages[run.job_run_id] = message
            run.status, run.completed_on = state, utcnow()
            del self._processes[run.job_run_id]
            job = backend.jobs.get(name)
            waiting = [one for one in job.job_runs if one.status == "WAITING"] if job else []
            if job is not None and waiting:
                self._begin(backend, job, waiting[0])

    def _log(self, backend: GlueBackend, group: str, run_id: str, line: str) -> None:
        name = f"/aws-glue/jobs/{group}"
        logs: Any = logs_backends[ACCOUNT][backend.region_name]
        with self._lock:
            logs.ensure_log_group(name)
            if run_id not in logs.groups[name].streams:
                logs.create_log_stream(name, run_id)
            event = {"timestamp": int(time.time() * 1000), "message": line}
            logs.put_log_events(name, run_id, [event])

    def _note_queuing(self, backend: GlueBackend, name: str, fields: Mapping[str, Any]) -> None:
        is_queuing = bool(fields.get("JobRunQueuingEnabled"))
        self._queuing[backend.region_name, name] = is_queuing

    def _lose(self, how: str, environ: WSGIEnvironment, start: StartResponse) -> list[bytes]:
        """Answer too late, with an error of the server, or not at all."""
        if how == "stall":
            time.sleep(STALL_SECONDS)
        if how in {"drop", "stall"}:
            environ["werkzeug.socket"].shutdown(socket.SHUT_RDWR)
            raise ConnectionAbortedError
        if how == "timeout":
            return _sent(start, "400 Bad Request", {"__type": "OperationTimeoutException"})
        return _sent(start, "500 Internal Server Error", {"__type": "InternalServiceException"})


_START_FIELDS = (
    "Arguments",
    "AllocatedCapacity",
    "MaxCapacity",
    "Timeout",
    "WorkerType",
    "SecurityConfiguration",
    "NumberOfWorkers",
    "NotificationProperty",
    "JobRunId",
)


def _check_role(role: str) -> None:
    """Refuse a role that is not there, or that Glue may not assume."""
    name = role.rpartition("/")[2]
    try:
        trust = iam_backends[ACCOUNT]["aws"].get_role(name).assume_role_policy_document
    except NotFoundException:
        trust = ""
    if "glue.amazonaws.com" not in unquote(trust):
        raise InvalidInputException(
            "CreateJob",
            f"Role {role} should be given assume role permissions for Glue Service.",
        )


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def _text(error: JsonRESTError) -> dict[str, str]:
    return {"Message": str(error.message)}


def _sent(start: StartResponse, status: str, found: Mapping[str, Any]) -> list[bytes]:
    start(status, [("Content-Type", "application/x-amz-json-1.1")])
    kept = json.dumps(_without_none(found), default=_seconds)
    return [kept.encode()]


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def _seconds(value: object) -> float:
    assert isinstance(value, datetime)
    return value.timestamp()
