"""Jobs of the rig: kept, changed, and started as runs."""

import random
import time
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request

from tests.rigs.databricks.runs import Runs, check_run
from tests.rigs.databricks.workspaces import Handler, Workspace, invalid

_KEYS = {
    "tasks": "task_key",
    "job_clusters": "job_cluster_key",
    "environments": "environment_key",
}
_DEFAULTS = {"email_notifications": {}, "format": "MULTI_TASK", "max_concurrent_runs": 1}
_TASK_DEFAULTS = {"email_notifications": {}, "run_if": "ALL_SUCCESS", "timeout_seconds": 0}
_CLUSTER_DEFAULTS = {"enable_elastic_disk": True}

Settings = dict[str, Any]


class Jobs:
    """Answers for jobs; each belongs to the workspace that made it.

    Args:
        runs: What starts them.
    """

    def __init__(self, runs: Runs) -> None:
        self._runs = runs
        self._created: dict[int, int] = {}

    def handlers(self) -> dict[tuple[str, str], Handler]:
        """Return what answers for jobs."""
        place = "/api/2.2/jobs"
        return {
            ("POST", f"{place}/create"): self._create,
            ("GET", f"{place}/list"): self._list,
            ("GET", f"{place}/get"): self._get,
            ("POST", f"{place}/update"): self._update,
            ("POST", f"{place}/delete"): self._delete,
            ("POST", f"{place}/run-now"): self._run_now,
        }

    def _create(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        settings = _completed(request.get_json())
        check_run(workspace, _as_run(settings))
        number = random.randrange(10**14, 10**15)
        workspace.jobs[number] = settings
        self._created[number] = time.time_ns()
        return {"job_id": number}

    def _list(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        name = request.args.get("name")
        shown = [
            {"job_id": number, "settings": {"name": settings.get("name")}}
            for number, settings in workspace.jobs.items()
            if name is None or name.lower() == str(settings.get("name")).lower()
        ]
        return {"jobs": shown, "has_more": False} if shown else {"has_more": False}

    def _get(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        number = int(request.args["job_id"])
        settings = _found(workspace, number)
        made = self._created[number] // 1_000_000
        return {"job_id": number, "created_time": made, "settings": settings}

    def _update(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        """Replace what is named at the top; lists are merged by what their parts are called.

        Of what can be removed, the rig plays parts of lists: `job_clusters/x`.
        """
        content = request.get_json()
        number = content["job_id"]
        settings = _found(workspace, number)
        changed = {**settings, **content["new_settings"]}
        for name, key in _KEYS.items():
            parts = [*settings.get(name, ()), *content["new_settings"].get(name, ())]
            merged = {one[key]: one for one in parts}
            for path in content.get("fields_to_remove", ()):
                merged.pop(path.removeprefix(f"{name}/"), None)
            changed[name] = list(merged.values())
        check_run(workspace, _as_run(changed))
        workspace.jobs[number] = _completed(changed)
        return {}

    def _delete(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        number = request.get_json()["job_id"]
        _found(workspace, number)
        del workspace.jobs[number]
        return {}

    def _run_now(self, workspace: Workspace, request: Request) -> dict[str, Any]:
        settings = _found(workspace, request.get_json()["job_id"])
        return {"run_id": self._runs.start(workspace, _as_run(settings))}


def _found(workspace: Workspace, number: int) -> Settings:
    if number not in workspace.jobs:
        raise invalid(f"Job {number} does not exist.")
    return workspace.jobs[number]


def _completed(settings: Mapping[str, Any]) -> Settings:
    """Return settings with what Databricks adds by itself."""
    found = {**_DEFAULTS, **settings}
    found["tasks"] = [{**_TASK_DEFAULTS, **task} for task in found["tasks"]]
    found["job_clusters"] = [
        {**one, "new_cluster": {**_CLUSTER_DEFAULTS, **one["new_cluster"]}}
        for one in found.get("job_clusters", ())
    ]
    return found


def _as_run(settings: Mapping[str, Any]) -> Settings:
    """Return the run that a job starts."""
    clusters = {one["job_cluster_key"]: one["new_cluster"] for one in settings["job_clusters"]}
    tasks = []
    for task in settings["tasks"]:
        key = task.get("job_cluster_key")
        if key is not None and key not in clusters:
            raise invalid(f"Job cluster {key} is not defined in field job_clusters.")
        own = {name: value for name, value in task.items() if name != "job_cluster_key"}
        tasks.append(own if key is None else {**own, "new_cluster": clusters[key]})
    kept = {"queue", "timeout_seconds", "environments"}
    return {**{k: v for k, v in settings.items() if k in kept}, "tasks": tasks}
