"""The job that stands for an executor in its workspace: made, and kept as it should be.

Every submission is a run of its own, so this job is not what runs them. It has the same cluster and
the same packages: started by hand, it tells what submissions will find.
"""

import io
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from databricks.sdk.errors import NotFound
from databricks.sdk.service.workspace import ImportFormat

from glacier.drift import Difference, differences, missing, variables
from glacier.errors import JobError
from glacier.jobs.secrets import check_no_secret
from glacier_databricks.job.definition import TASK, job_fields, probe_file

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from glacier.resources import Executor

_JOBS = "/api/2.2/jobs"
_KEYS = {
    "tasks": "task_key",
    "job_clusters": "job_cluster_key",
    "environments": "environment_key",
}
"""The parts of a job of which there may be several, with what tells them apart."""

_VARIABLES = "spark_env_vars"


class ExecutorJob:
    """The one job of an executor's name that has Glacier's task.

    A workspace may have further jobs of that name: those are other people's.

    Args:
        executor: The executor.
        workspace: The client of its workspace.
    """

    def __init__(self, executor: "Executor", workspace: "WorkspaceClient") -> None:
        self._name = executor.name
        self._workspace = workspace
        self._path, self._source = probe_file()
        self._wanted = job_fields(executor, self._path)

    def ensure(self) -> None:
        """Create the job and its file, or update them; what others have added to it stays.

        Raises:
            DatabricksError: Databricks refuses.
            JobError: Several jobs could be it.
            PackageError: A secret is among its settings.
        """
        content = json.dumps(self._wanted).encode()
        check_no_secret(f"The settings of the job {self._name!r}", content)
        found = self._found()
        self._workspace.workspace.mkdirs(self._path.rpartition("/")[0])
        self._workspace.workspace.upload(
            self._path, io.BytesIO(self._source), format=ImportFormat.AUTO, overwrite=True
        )
        if found is None:
            self._ask("POST", "create", body=self._wanted)
            return
        kept = {"tags": {**found["settings"].get("tags", {}), **self._wanted.get("tags", {})}}
        changed = {"job_id": found["job_id"], "new_settings": {**self._wanted, **kept}}
        self._ask("POST", "update", body=changed)

    def drift(self) -> Iterator[Difference]:
        """Yield where the job differs from what configs say, or its file is not there.

        Raises:
            DatabricksError: Databricks refuses to tell.
            JobError: Several jobs could be it.
        """
        thing, found = f"job {self._name!r}", self._found()
        if found is None:
            yield missing(thing)
            return
        wanted, present = _by_key(self._wanted), _by_key(found["settings"])
        # What others have put into variables is not told.
        yield from variables(thing, _VARIABLES, _taken(wanted), _taken(present))
        yield from differences(thing, wanted, present)
        try:
            self._workspace.workspace.get_status(self._path)
        except NotFound:
            yield missing(f"file {self._path!r}")

    def _found(self) -> Mapping[str, Any] | None:
        named = [one.job_id for one in self._workspace.jobs.list(name=self._name)]
        told = [self._ask("GET", "get", query={"job_id": number}) for number in named]
        own = [one for one in told if TASK in _by_key(one["settings"])["tasks"]]
        if len(own) > 1:
            numbers = ", ".join(str(one["job_id"]) for one in own)
            raise JobError(
                f"The workspace has {len(own)} jobs named {self._name!r} with a task {TASK!r}, and "
                f"which is this executor's can't be told: {numbers}. Remove all but one of them, "
                "or give the executor another name."
            )
        return own[0] if own else None

    def _ask(self, method: str, what: str, **content: Any) -> Any:  # Any: JSON
        """Ask as the API takes and tells it: the SDK's own types drop what they don't know."""
        return self._workspace.api_client.do(method, f"{_JOBS}/{what}", **content)


def _by_key(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a job with its lists as mappings, in which others may have more."""
    keyed = {
        name: {one[key]: dict(one) for one in settings.get(name, ())} for name, key in _KEYS.items()
    }
    return {**settings, **keyed}


def _taken(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a job's cluster, and take them out of its settings."""
    job_cluster = settings["job_clusters"].get(TASK)
    if job_cluster is None:
        return {}
    cluster = dict(job_cluster["new_cluster"])
    found = cast("dict[str, str]", cluster.pop(_VARIABLES, {}))
    job_cluster["new_cluster"] = cluster
    return found
