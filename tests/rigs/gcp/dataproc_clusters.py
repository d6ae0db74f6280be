"""The clusters of the rig: what they are told of as, and in which order their jobs run."""

import re
import threading
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.rigs.gcp.accounts import MACHINE
from tests.rigs.gcp.dataproc_process import Images
from tests.rigs.gcp.dataproc_runs import Run, RunPlace
from tests.rigs.gcp.store import merge
from tests.rigs.python_image import InstallError

PIP_PACKAGES = "dataproc:pip.packages"
MOST_JOBS = "dataproc:dataproc.scheduler.max-concurrent-jobs"
_EXACT = re.compile(r"[A-Za-z0-9._-]+==\S+")
_COMPUTE = "https://www.googleapis.com/compute/v1"
_CHANGEABLE = {
    "config.workerConfig.numInstances",
    "config.secondaryWorkerConfig.numInstances",
    "config.lifecycleConfig.idleDeleteTtl",
    "labels",
}


class Cluster:
    """A cluster.

    Args:
        fields: What Dataproc tells of it.
        image: The directory of its Python; None where it could not be made.
        problem: Why not.

    Attributes:
        claimed_states: The states that a test has it tell of, one after the other.
    """

    def __init__(self, fields: dict[str, Any], image: str | None, problem: str) -> None:
        self._fields = fields
        self._image = image
        self.problem = problem
        self.claimed_states: list[str] = []
        self._waiting: list[Run] = []
        self._running: list[Run] = []
        self._lock = threading.RLock()

    @property
    def name(self) -> str:
        """Its name."""
        return str(self._fields["clusterName"])

    @property
    def account(self) -> str:
        """Whom its machines run as."""
        return str(self._fields["config"]["gceClusterConfig"].get("serviceAccount") or MACHINE)

    @property
    def bucket(self) -> str:
        """The bucket for what drivers print."""
        return str(self._fields["config"]["configBucket"])

    def told(self) -> dict[str, Any]:
        """Return what Dataproc tells of it."""
        state = "ERROR" if self.problem else "RUNNING"
        if self.claimed_states:
            state = self.claimed_states.pop(0)
        return {**self._fields, "status": {"state": state, "detail": self.problem}}

    def change(self, body: Mapping[str, Any], mask: list[str]) -> str:
        """Change the fields of a mask; return what speaks against it."""
        if self.claimed_states:
            return f"Cluster {self.name} is not in a state to be updated."
        if not set(mask) <= _CHANGEABLE:
            return f"Update mask {mask} has a field that can not be updated."
        for path in mask:
            names = path.split(".")
            value: Any = body
            for name in names:
                value = value.get(name, {})
            for name in reversed(names):
                value = {name: value}
            self._fields = merge(self._fields, value)
        return ""

    def submit(self, job_id: str, job: Mapping[str, Any], place: RunPlace) -> Run:
        """Have a job run as soon as there is room."""
        run = Run.of_job(job_id, job, place, self._image or "", self._fields, self._ended)
        with self._lock:
            self._waiting.append(run)
            self._begin_next()
        return run

    def _ended(self, run: Run) -> None:
        with self._lock:
            for runs in (self._waiting, self._running):
                if run in runs:
                    runs.remove(run)
            self._begin_next()

    def _begin_next(self) -> None:
        properties = self._fields["config"]["softwareConfig"].get("properties", {})
        most = int(properties.get(MOST_JOBS, 1000))
        while self._waiting and len(self._running) < most:
            run = self._waiting.pop(0)
            self._running.append(run)
            run.start()


class Clusters:
    """All clusters.

    Args:
        images: Makes their Pythons.
    """

    def __init__(self, images: Images) -> None:
        self._images = images
        self._found: dict[str, Cluster] = {}

    def find(self, name: str) -> Cluster | None:
        """Return a cluster by its name; None where there is none, or no more."""
        found = self._found.get(name)
        if found is not None and found.claimed_states[:1] == ["DELETED"]:
            del self._found[name]
            return None
        return found

    def create(self, body: Mapping[str, Any], place: Mapping[str, str]) -> Cluster:
        """Make a cluster; one whose packages can't be installed has a problem."""
        fields = _filled(body, place)
        lines = fields["config"]["softwareConfig"]["properties"].get(PIP_PACKAGES, "").split(",")
        pins = [line for line in lines if line]
        image, problem = None, ""
        wrong = [line for line in pins if not _EXACT.fullmatch(line)]
        try:
            if wrong:
                raise InstallError(f"{PIP_PACKAGES} has no exact version in {wrong[0]}")
            image = str(self._images.of(pins))
        except InstallError as error:
            problem = f"Multiple errors: pip.packages: {error}"
        made = self._found[fields["clusterName"]] = Cluster(fields, image, problem)
        return made


def _filled(body: Mapping[str, Any], place: Mapping[str, str]) -> dict[str, Any]:
    """Return a cluster as Dataproc tells of it: with what it has chosen, and longer names."""
    fields: dict[str, Any] = merge({}, body)
    config = fields.setdefault("config", {})
    machines = config.setdefault("gceClusterConfig", {})
    zone = machines.get("zoneUri") or f"{place['region']}-b"
    zone_path = f"projects/{place['project']}/zones/{zone}"
    machines["zoneUri"] = f"{_COMPUTE}/{zone_path}"
    config.setdefault("configBucket", "")
    for kind in ("masterConfig", "workerConfig"):
        if "machineTypeUri" in config.get(kind, {}):
            path = f"{zone_path}/machineTypes/{config[kind]['machineTypeUri']}"
            config[kind]["machineTypeUri"] = f"{_COMPUTE}/{path}"
    software = config.setdefault("softwareConfig", {})
    version = software.get("imageVersion") or "2.2"
    if (short := re.fullmatch(r"(\d+\.\d+)(-\w+)?", version)) is not None:
        software["imageVersion"] = f"{short[1]}.31{short[2] or '-debian12'}"
    own = {"core:hadoop.ssl.enabled.protocols": "TLSv1"}
    software["properties"] = {**own, **software.get("properties", {})}
    uuid = str(uuid4())
    labels = {"goog-dataproc-cluster-uuid": uuid, **fields.get("labels", {})}
    known = {"projectId": place["project"], "clusterUuid": uuid, "labels": labels}
    return {**fields, **known}
