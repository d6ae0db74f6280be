"""Runs of the rig: the Jobs API, whose one-time runs really run."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request

from tests.rigs.databricks.clusters import check_cluster, environment_of
from tests.rigs.databricks.run_process import PROVIDED, SCHEMES, End, RunProcess
from tests.rigs.databricks.workspaces import ApiError, Handler, Workspace, invalid
from tests.rigs.python_image import Images

MOST_LOG_BYTES = 5 << 20
LONGEST_TOKEN = 64
MOST_PARAMETER_BYTES = 10_000
_ACTIVE = {"PENDING", "RUNNING", "TERMINATING"}
_RESULTS = {"SUCCESS": "SUCCESS", "USER_CANCELED": "CANCELED", "CANCELED": "CANCELED"}


@dataclass(slots=True)
class Run:
    """A one-time run, and how far it is."""

    request: Mapping[str, Any]
    process: RunProcess
    number: int = field(default_factory=lambda: random.randrange(10**14, 10**15))
    task_number: int = field(default_factory=lambda: random.randrange(10**14, 10**15))
    state: str = "QUEUED"
    end: End | None = None
    output: list[str] = field(default_factory=list)
    started: int = field(default_factory=lambda: int(time.time() * 1000))
    ended: int = 0

    @property
    def task(self) -> Mapping[str, Any]:
        """Its only task, as it was asked for."""
        found: Mapping[str, Any] = self.request["tasks"][0]
        return found


class Runs:
    """Answers for runs and carries them out."""

    def __init__(self) -> None:
        self._images = Images(PROVIDED)
        self._runs: dict[int, list[Run]] = {}

    def handlers(self) -> dict[tuple[str, str], Handler]:
        """Return what answers for runs.

        `GET /rig/runs` tells what was asked for and how far it is; `POST /rig/state` has a run in
        some state, until its process changes it.
        """
        found: dict[tuple[str, str], Handler] = {
            ("GET", "/rig/runs"): self._rig_runs,
            ("POST", "/rig/state"): self._rig_state,
        }
        for version in ("2.1", "2.2"):
            place = f"/api/{version}/jobs/runs"
            found |= {
                ("POST", f"{place}/submit"): self._submit,
                ("GET", f"{place}/get"): self._get,
                ("GET", f"{place}/get-output"): self._get_output,
                ("POST", f"{place}/cancel"): self._cancel,
                ("POST", f"{place}/delete"): self._delete,
            }
        return found

    def close(self) -> None:
        """End all runs."""
        for runs in self._runs.values():
            for run in runs:
                run.process.stop()
        self._images.close()

    def _of(self, workspace: Workspace) -> list[Run]:
        return self._runs.setdefault(id(workspace), [])

    def _submit(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        return {"run_id": self.start(workspace, request.get_json())}

    def start(self, workspace: Workspace, wanted: Mapping[str, Any]) -> int:
        """Start a run and return its number; that of the same token, where there is one.

        Raises:
            ApiError: It can't be.
        """
        token = wanted.get("idempotency_token", "")
        if len(token) > LONGEST_TOKEN:
            raise invalid(f"The idempotency token has more than {LONGEST_TOKEN} characters.")
        for run in self._of(workspace):
            if token and run.request.get("idempotency_token") == token:
                if run.state == "DELETED":
                    raise invalid(f"The run of the idempotency token {token} was deleted.")
                return run.number
        check_run(workspace, wanted)
        is_full = self._active(workspace) >= workspace.most_runs
        if is_full and not wanted.get("queue", {}).get("enabled"):
            raise ApiError(429, "REQUEST_LIMIT_EXCEEDED", "Too many active runs.")
        output: list[str] = []
        process = _process(workspace, wanted, lambda _, line: output.append(f"{line}\n"))
        run = Run(wanted, process, output=output)
        self._of(workspace).append(run)
        self._begin_next(workspace)
        return run.number

    def _get(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        return _told(self._found(workspace, int(request.args["run_id"])))

    def _get_output(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        number = int(request.args["run_id"])
        run = self._found(workspace, number)
        if number != run.task_number:
            raise invalid(
                "Retrieving the output of runs with multiple tasks is not supported. Please "
                "retrieve the output of each individual task run instead."
            )
        found: dict[str, Any] = {"metadata": _told(run)}
        if run.end is not None:
            content = "".join(run.output).encode()
            kept = content[-MOST_LOG_BYTES:].decode(errors="ignore")
            found |= {"logs": kept, "logs_truncated": len(content) > MOST_LOG_BYTES}
            if run.end.code != "SUCCESS":
                found |= {"error": run.end.message, "error_trace": run.end.trace}
        return found

    def _cancel(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        run = self._found(workspace, int(request.get_json()["run_id"]))
        if run.state == "QUEUED":
            self._ended(workspace, run, End("USER_CANCELED", "Run cancelled."))
        elif run.state in _ACTIVE:
            run.state = "TERMINATING"
            threading.Thread(target=run.process.stop).start()
        return {}

    def _delete(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        run = self._found(workspace, int(request.get_json()["run_id"]))
        if run.end is None:
            raise ApiError(400, "INVALID_STATE", f"Run {run.number} is active.")
        run.state = "DELETED"
        return {}

    def _rig_runs(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        return {"runs": [{**_told(run), "request": run.request} for run in self._of(workspace)]}

    def _rig_state(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        content = request.get_json()
        self._found(workspace, content["run_id"]).state = content["state"]
        return {}

    def _found(self, workspace: Workspace, number: int) -> Run:
        for run in self._of(workspace):
            if number in {run.number, run.task_number} and run.state != "DELETED":
                return run
        raise invalid(f"Run {number} does not exist.")

    def _active(self, workspace: Workspace) -> int:
        return sum(run.state in _ACTIVE for run in self._of(workspace))

    def _begin_next(self, workspace: Workspace) -> None:
        """Start what is queued, in its order, as far as there is room."""
        for run in self._of(workspace):
            if run.state == "QUEUED" and self._active(workspace) < workspace.most_runs:
                run.state = "PENDING"
                threading.Thread(target=self._carry_out, args=(workspace, run)).start()

    def _carry_out(self, workspace: Workspace, run: Run) -> None:
        def started() -> None:
            with workspace.lock:
                if run.state == "PENDING":
                    run.state = "RUNNING"

        workspace.go_on.wait()
        end = run.process.run(self._images, started)
        if end.code == "RUN_EXECUTION_ERROR" and _tries_again(run.task):
            end = run.process.run(self._images, started)
        with workspace.lock:
            run.state = "TERMINATING"
        workspace.go_on.wait()
        with workspace.lock:
            self._ended(workspace, run, end)

    def _ended(self, workspace: Workspace, run: Run, end: End) -> None:
        run.state, run.end, run.ended = "TERMINATED", end, int(time.time() * 1000)
        self._begin_next(workspace)


def check_run(workspace: Workspace, wanted: Mapping[str, Any]) -> None:
    """Refuse a run that can't be.

    Raises:
        ApiError: What is wrong with it.
    """
    tasks = wanted.get("tasks", [])
    if len(tasks) != 1:
        raise invalid("The rig plays runs of one task.")
    (task,) = tasks
    kinds = {"new_cluster", "existing_cluster_id", "environment_key"} & task.keys()
    if not task.get("task_key") or len(kinds) != 1:
        raise invalid("A task needs a key, and one of a cluster or an environment.")
    if "new_cluster" in task:
        check_cluster(workspace, task["new_cluster"])
    elif "existing_cluster_id" in task:
        if task["existing_cluster_id"] not in workspace.clusters:
            raise invalid(f"Cluster {task['existing_cluster_id']} does not exist")
    else:
        _environment(wanted)
    script = task.get("spark_python_task", {})
    if sum(len(one.encode()) for one in script.get("parameters", ())) > MOST_PARAMETER_BYTES:
        raise invalid(f"The parameters have more than {MOST_PARAMETER_BYTES} bytes.")
    _check_file(workspace, task, str(script.get("python_file", "")))


def _check_file(workspace: Workspace, task: Mapping[str, Any], file: str) -> None:
    own = f"{SCHEMES[workspace.cloud]}://"
    if "environment_key" in task and not file.startswith("/"):
        raise invalid("Serverless compute takes no file of a cloud's storage.")
    is_there = file.startswith("/Volumes/") or file.removeprefix("/Workspace") in workspace.files
    if not is_there and not file.startswith(own):
        raise invalid(f"{file} is no file that a workspace on {workspace.cloud} can read.")


def _environment(wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the specification of the environment that a run's task names."""
    task = wanted["tasks"][0]
    if "libraries" in task:
        raise invalid("Libraries are not supported for serverless tasks; use an environment.")
    for one in wanted.get("environments", ()):
        if one["environment_key"] == task["environment_key"]:
            found: Mapping[str, Any] = one["spec"]
            return found
    raise invalid(f"The environment {task['environment_key']} is not there.")


def _process(
    workspace: Workspace, wanted: Mapping[str, Any], say: Callable[[str, str], None]
) -> RunProcess:
    (task,) = wanted["tasks"]
    is_serverless = "environment_key" in task
    if is_serverless:
        requirements = _environment(wanted).get("dependencies", [])
    else:
        requirements = [one["pypi"]["package"] for one in task.get("libraries", ())]
    number = task.get("existing_cluster_id")
    cluster = task.get("new_cluster") or (workspace.clusters[number] if number else {})
    return RunProcess(
        cloud=workspace.cloud,
        python_file=task["spark_python_task"]["python_file"],
        parameters=task["spark_python_task"].get("parameters", []),
        requirements=requirements,
        environment=environment_of(workspace, cluster),
        has_identity=not is_serverless,
        files=workspace.files,
        timeout_seconds=wanted.get("timeout_seconds") or None,  # 0 is none
        say=say,
    )


def _tries_again(task: Mapping[str, Any]) -> bool:
    """Return whether a task that has failed is tried again, as serverless compute's are."""
    return "environment_key" in task and not task.get("disable_auto_optimization")


def _told(run: Run) -> dict[str, Any]:
    """Return what the API tells of a run."""
    status: dict[str, Any] = {"state": run.state}
    state: dict[str, Any] = {"life_cycle_state": run.state, "state_message": ""}
    if run.end is not None:
        end = run.end
        status["termination_details"] = {
            "code": end.code,
            "type": "SUCCESS" if end.code == "SUCCESS" else "CLIENT_ERROR",
            "message": end.message,
        }
        late = "TIMEDOUT" if end.is_late else None
        state |= {
            "result_state": late or _RESULTS.get(end.code, "FAILED"),
            "state_message": end.message,
        }
    shown = {"state": state, "status": status, "start_time": run.started, "end_time": run.ended}
    return {
        **shown,
        "run_id": run.number,
        "job_id": run.number,
        "run_name": run.request.get("run_name", "Untitled"),
        "run_type": "SUBMIT_RUN",
        "run_page_url": f"https://rig/#job/{run.number}/run/{run.number}",
        "tasks": [{**run.task, **shown, "run_id": run.task_number, "attempt_number": 0}],
    }
