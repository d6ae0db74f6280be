"""The cluster of an executor: asked what it has, made, and kept up."""

import json
import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import uuid4

from google.api_core.exceptions import Conflict, NotFound
from google.cloud.dataproc_v1 import Cluster, ClusterControllerClient
from google.protobuf.json_format import ParseError

from glacier.drift import Difference, missing
from glacier.errors import ConfigError, JobError
from glacier.known_secrets import check_no_secret
from glacier.pauses import pauses
from glacier_gcp.job.definition import PIP_PACKAGES, cluster_fields
from glacier_gcp.job.differences import unmet
from glacier_gcp.job.names import cluster_of
from glacier_gcp.labels import labels_of
from glacier_gcp.session import session_of

if TYPE_CHECKING:
    from glacier.provider import Provider
    from glacier_gcp.config import DataprocConfig, GcpConfig
    from glacier_gcp.session import GcpSession

MessageT = TypeVar("MessageT")

logger = logging.getLogger("glacier.jobs")

DEPLOYMENT_SECONDS = 1800.0
"""How long a cluster is waited for, which takes a minute or two, and more with many packages."""

_UNDER_WAY = {"CREATING", "DELETING", "REPAIRING", "STARTING", "STOPPING", "UPDATING"}
"""The states that a cluster leaves by itself, and in which Dataproc changes nothing of it."""

_CHANGEABLE = {
    "config.workerConfig.numInstances": "config.worker_config.num_instances",
    "config.lifecycleConfig.idleDeleteTtl": "config.lifecycle_config.idle_delete_ttl",
}
"""The fields that can be changed of a cluster that is there, and what `updateMask` calls them:
https://cloud.google.com/dataproc/docs/reference/rest/v1/projects.regions.clusters/patch"""

_PACKAGES = f"config.softwareConfig.properties.{PIP_PACKAGES}"
_LABELS = "labels."
_PASSED_OVER = {"projectId", "clusterName", "config.configBucket"}


class ExecutorCluster:
    """The cluster whose jobs are an executor's.

    Args:
        name: The executor's name.
        config: The executor's config.
        provider: Its provider.
    """

    def __init__(self, name: str, config: "DataprocConfig", provider: "Provider") -> None:
        self._executor_name = name
        self._config = config
        self._provider = provider

    @property
    def name(self) -> str:
        """The cluster's name."""
        return cluster_of(self._executor_name, self._config)

    def found(self) -> Mapping[str, Any]:
        """Return what Dataproc tells of the cluster.

        Raises:
            NotFound: There is no such cluster.
        """
        session = self._session
        cluster = self._client.get_cluster(
            project_id=session.config.project,
            region=session.config.region,
            cluster_name=self.name,
            retry=session.retry,
            timeout=session.config.read_timeout_seconds,
        )
        told: dict[str, Any] = json.loads(Cluster.to_json(cluster, use_integers_for_enums=False))
        return told

    def ensure(self, staging: str) -> None:
        """Create the cluster, or update what can be changed of it; one of others only has to be.

        What others are doing to it is waited for; labels and settings that they have set stay.

        Args:
            staging: The bucket for what drivers print.

        Raises:
            JobError: It is there with settings that can't be changed, or a change does not end.
            NotFound: It is one of others and is not there.
            PackageError: A secret is among the settings or tags.
        """
        if self._config.cluster_name is not None:
            self.found()
            return
        wanted = self._wanted(staging)
        check_no_secret(f"The cluster {self.name!r}", json.dumps(wanted).encode())
        found = self._settled()
        if found is None:
            try:
                self._create(wanted)
            except Conflict:  # by another process just now
                found = self._settled()
                if found is None:
                    raise
        if found is not None:
            self._update(wanted, found)

    def drift(self, staging: str) -> Iterator[Difference]:
        """Yield where the cluster differs; one of others only has to be there.

        Args:
            staging: The bucket for what drivers print.

        Raises:
            GoogleAPIError: Google refuses to tell.
        """
        thing = f"cluster {self.name!r}"
        try:
            found = self.found()
        except NotFound:
            yield missing(thing)
            return
        if self._config.cluster_name is None:
            wanted = self._wanted(staging)
            for one in unmet(wanted, found):
                if one.path not in {*_PASSED_OVER, _PACKAGES}:
                    yield Difference(thing, one.path, one.wanted, one.found)

    def _wanted(self, staging: str) -> dict[str, Any]:
        return cluster_fields(
            self._executor_name,
            self._config,
            self._session.config,
            staging=staging,
            labels=labels_of(self._provider.tags),
        )

    @property
    def _session(self) -> "GcpSession":
        return session_of(cast("GcpConfig", self._provider.config))

    @property
    def _client(self) -> ClusterControllerClient:
        session = self._session
        return session.client(ClusterControllerClient, host_of(session))

    def _settled(self) -> Mapping[str, Any] | None:
        """Return what Dataproc tells of the cluster once no change goes on; None where none is."""
        for _ in pauses(DEPLOYMENT_SECONDS):
            try:
                found = self.found()
            except NotFound:
                return None
            if found.get("status", {}).get("state") not in _UNDER_WAY:
                return found
        raise JobError(
            f"The cluster {self.name!r} is still {found['status']['state']} after "
            f"{DEPLOYMENT_SECONDS:.0f} seconds, and can't be deployed. Deploy it again later.",
            cluster=self.name,
        )

    def _create(self, wanted: Mapping[str, Any]) -> None:
        session = self._session
        operation = self._client.create_cluster(
            {
                "project_id": session.config.project,
                "region": session.config.region,
                "cluster": message_of(Cluster, wanted, "cluster"),
                "request_id": str(uuid4()),
            },
            retry=session.retry,
            timeout=session.config.read_timeout_seconds,
        )
        operation.result(timeout=DEPLOYMENT_SECONDS)

    def _update(self, wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        status = found.get("status", {})
        if status.get("state") == "ERROR":
            raise JobError(
                f"The cluster {self.name!r} could not be made: {status.get('detail')} "
                f"{self._again()}",
                cluster=self.name,
            )
        lacking = {one.path for one in unmet(wanted, found)}
        fixed = {one for one in lacking if one not in {*_CHANGEABLE, *_PASSED_OVER, _PACKAGES}}
        fixed = {one for one in fixed if not one.startswith(_LABELS)}
        if fixed:
            raise JobError(
                f"The cluster {self.name!r} is there with other settings than its config's: "
                f"{', '.join(sorted(fixed))}. Dataproc changes them of no cluster. {self._again()}",
                cluster=self.name,
            )
        if _PACKAGES in lacking:
            logger.warning(
                "%s: a cluster keeps the packages that it was made with; what it lacks travels "
                "with every job, as wheels. Delete it and deploy again to have them there.",
                self.name,
            )
        mask = [path for name, path in _CHANGEABLE.items() if name in lacking]
        if any(one.startswith(_LABELS) for one in lacking):
            mask.append("labels")
        if mask:
            labels = {**found.get("labels", {}), **wanted.get("labels", {})}
            self._change({**wanted, "labels": labels}, mask)

    def _again(self) -> str:
        region = self._session.config.region
        return (
            f"Delete it with `gcloud dataproc clusters delete {self.name} --region {region}` and "
            "deploy again, or correct DataprocConfig."
        )

    def _change(self, wanted: Mapping[str, Any], mask: list[str]) -> None:
        session = self._session
        operation = self._client.update_cluster(
            {
                "project_id": session.config.project,
                "region": session.config.region,
                "cluster_name": self.name,
                "cluster": message_of(Cluster, wanted, "cluster"),
                "update_mask": {"paths": mask},
                "request_id": str(uuid4()),
            },
            retry=session.retry,
            timeout=session.config.read_timeout_seconds,
        )
        operation.result(timeout=DEPLOYMENT_SECONDS)


def host_of(session: "GcpSession") -> str:
    """Return Dataproc's address in a region: its general one knows the region `global` alone."""
    return f"{session.config.region}-dataproc.googleapis.com"


def message_of(kind: type[MessageT], fields: Mapping[str, Any], name: str) -> MessageT:
    """Return a message of the API by its fields, as REST calls them.

    Raises:
        ConfigError: A field is none of the API's.
    """
    try:
        made = cast("Any", kind).from_json(json.dumps(fields))  # Any: the base has no types
        return cast("MessageT", made)
    except ParseError as error:
        raise ConfigError(
            f"Dataproc takes no such {name}: {str(error).splitlines()[0]} Correct "
            f"DataprocConfig(overrides={{{name!r}: ...}})."
        ) from error


def image_of(found: Mapping[str, Any]) -> str:
    """Return the image that a cluster runs, such as `2.2.31-debian12`."""
    return str(_software_of(found).get("imageVersion") or "")


def packages_of(found: Mapping[str, Any]) -> str:
    """Return the lines of what a cluster has installed."""
    text = str(_software_of(found).get("properties", {}).get(PIP_PACKAGES) or "")
    return "".join(f"{line}\n" for line in text.split(",") if line)


def _software_of(found: Mapping[str, Any]) -> Mapping[str, Any]:
    software: Mapping[str, Any] = found.get("config", {}).get("softwareConfig", {})
    return software
