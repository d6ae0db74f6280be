"""The job that stands for an executor in its workspace: made, and kept as it should be.

Every submission is a run of its own, so this job is not what runs them. It has the same cluster and
the same packages: started by hand, it tells what submissions will find.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from databricks.sdk.errors import NotFound
from databricks.sdk.service.workspace import ImportFormat

from glacier.drift import UNTOLD, Difference, differences, missing, variables
from glacier.errors import JobError
from glacier.known_secrets import check_no_secret
from glacier_databricks.job.definition import TASK, job_fields, probe_file

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient

    from glacier.resources import Executor

_WORKSPACE = "/Workspace"
"""Where runs find the files of a workspace, as Terraform's `workspace_path` has it."""

_JOBS = "/api/2.2/jobs"
_KEYS = {
    "tasks": "task_key",
    "job_clusters": "job_cluster_key",
    "environments": "environment_key",
}
"""The parts of a job of which there may be several, with what tells them apart."""

_VARIABLES = "spark_env_vars"
_NO_CLUSTER = f"job_clusters/{TASK}"
_ADDED = ("init_scripts", "instance_pool_id", "policy_id", "spark_conf")
"""What is told where a cluster has it and configs don't; Databricks adds none of it by itself."""

_UNTOLD = {"libraries", "dependencies", "spark_conf", "init_scripts"}
"""Settings in which people keep passwords of indexes and stores: what is found is not told."""


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
        self._wanted = job_fields(executor, f"{_WORKSPACE}{self._path}")

    def ensure(self) -> None:
        """Create the job and its file, or update them.

        What others have added to the job stays, but for its task and its cluster.

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
            self._create()
            return
        settings = found["settings"]
        kept = {"tags": {**settings.get("tags", {}), **self._wanted.get("tags", {})}}
        changed = {"job_id": found["job_id"], "new_settings": {**self._wanted, **kept}}
        if _has_other_compute(settings, self._wanted):
            changed["fields_to_remove"] = [_NO_CLUSTER]
        self._ask("POST", "update", body=changed)

    def drift(self) -> Iterator[Difference]:
        """Yield where the job differs from what configs say, or its file is not as it was sent.

        Raises:
            DatabricksError: Databricks refuses to tell.
            JobError: Several jobs could be it.
        """
        thing, found = f"job {self._name!r}", self._found()
        if found is None:
            yield missing(thing)
            return
        wanted, present = _by_key(self._wanted), _by_key(found["settings"])
        if TASK in wanted["job_clusters"]:
            yield from _cluster_drift(thing, wanted["job_clusters"], present["job_clusters"])
        elif TASK in present["job_clusters"]:
            yield Difference(thing, f"job_clusters.{TASK}", None, UNTOLD)
        rest = {name: value for name, value in wanted.items() if name != "job_clusters"}
        yield from map(_discreet, differences(thing, rest, present))
        yield from self._file_drift()

    def _file_drift(self) -> Iterator[Difference]:
        """Yield whether the file is another: it runs as whoever made the job, by what it may do."""
        thing = f"file {self._path!r}"
        try:
            with self._workspace.workspace.download(self._path) as file:
                content = file.read()
        except NotFound:
            yield missing(thing)
            return
        if content != self._source:
            digests = [hashlib.sha256(one).hexdigest() for one in (self._source, content)]
            yield Difference(thing, "sha256", *digests)

    def _create(self) -> None:
        """Create the job, once: a repeated request may have made another, or somebody else."""
        self._ask("POST", "create", body=self._wanted)
        _, *others = sorted(self._all(), key=lambda one: (one["created_time"], one["job_id"]))
        for one in others:
            self._ask("POST", "delete", body={"job_id": one["job_id"]})

    def _found(self) -> Mapping[str, Any] | None:
        own = self._all()
        if len(own) > 1:
            numbers = ", ".join(str(one["job_id"]) for one in own)
            raise JobError(
                f"The workspace has {len(own)} jobs named {self._name!r} with a task {TASK!r}, and "
                f"which is this executor's can't be told: {numbers}. Remove all but one of them, "
                "or give the executor another name."
            )
        return own[0] if own else None

    def _all(self) -> list[Mapping[str, Any]]:
        """Return the jobs that could be the executor's."""
        # The filter does not tell capitals from small letters.
        named = [one.job_id for one in self._workspace.jobs.list(name=self._name)]
        told = [self._ask("GET", "get", query={"job_id": number}) for number in named]
        return [
            one
            for one in told
            if one["settings"].get("name") == self._name
            and TASK in _by_key(one["settings"])["tasks"]
        ]

    def _ask(self, method: str, what: str, **content: Any) -> Any:  # Any: JSON
        """Ask as the API takes and tells it: the SDK's own types drop what they don't know."""
        return self._workspace.api_client.do(method, f"{_JOBS}/{what}", **content)


def _by_key(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a job with its lists as mappings, in which others may have more."""
    keyed = {name: {one[key]: one for one in settings.get(name, ())} for name, key in _KEYS.items()}
    return {**settings, **keyed}


def _has_other_compute(settings: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Return whether a job has a cluster of the executor that it is to have no longer."""
    had, has = (TASK in _by_key(one)["job_clusters"] for one in (settings, wanted))
    return had and not has


def _cluster_drift(
    thing: str, wanted: Mapping[str, Any], found: Mapping[str, Any]
) -> Iterator[Difference]:
    """Yield where the cluster of a job differs."""
    where = f"job_clusters.{TASK}"
    if TASK not in found:
        yield Difference(thing, where, "there", None)
        return
    cluster, present = (dict(one[TASK].get("new_cluster", {})) for one in (wanted, found))
    known = cast("dict[str, str]", present.pop(_VARIABLES, {}))
    yield from variables(
        thing, f"{where}.new_cluster.{_VARIABLES}", cluster.pop(_VARIABLES, {}), known
    )
    added = {name: None for name in _ADDED if present.get(name) and name not in cluster}
    for one in differences(thing, {**cluster, **added}, present):
        yield _discreet(replace(one, setting=f"{where}.new_cluster.{one.setting}"))


def _discreet(difference: Difference) -> Difference:
    """Return a difference that tells no value in which somebody may have a password."""
    is_untold = difference.found is not None and _UNTOLD & set(difference.setting.split("."))
    return replace(difference, found=UNTOLD) if is_untold else difference
