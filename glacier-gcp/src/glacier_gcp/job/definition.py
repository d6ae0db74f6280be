"""What Dataproc is told of an executor: pure functions of its config.

`deploy()`, every submission and Terraform say the same by them, in the names of the REST API.
"""

import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import distribution
from typing import TYPE_CHECKING, Any

from glacier.jobs.launchers import standalone
from glacier.jobs.pins import name_in, normal_name, pins
from glacier.overrides import overridden
from glacier_gcp.job import launcher
from glacier_gcp.job.names import cluster_of

if TYPE_CHECKING:
    from glacier_gcp.config import DataprocConfig, GcpConfig

PIP_PACKAGES = "dataproc:pip.packages"
"""The property of a cluster with what it installs into its Python:
https://cloud.google.com/dataproc/docs/tutorials/python-configuration"""

ZERO_WORKERS = "dataproc:dataproc.allow.zero.workers"

_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

_AS_ITS_ACCOUNT = {"userWorkloadAuthenticationType": "SERVICE_ACCOUNT"}
"""Without it, a batch of the runtime 3.0 or later has all rights of whoever submits it:
https://cloud.google.com/dataproc-serverless/docs/concepts/service-account"""


def cluster_fields(
    name: str,
    config: "DataprocConfig",
    gcp: "GcpConfig",
    *,
    staging: str,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """Return the cluster of an executor, as the API takes it.

    Args:
        name: The executor's name.
        config: The executor's config.
        gcp: The provider's.
        staging: The bucket for what drivers print.
        labels: Labels of everything that the provider makes.
    """
    software: dict[str, Any] = {
        "imageVersion": config.image_version,
        "properties": {PIP_PACKAGES: ",".join(cluster_requirements(config))},
    }
    machines: dict[str, Any] = {
        "masterConfig": {"numInstances": 1, "machineTypeUri": config.machine_type}
    }
    if config.num_workers:
        machines["workerConfig"] = {
            "numInstances": config.num_workers,
            "machineTypeUri": config.machine_type,
        }
    else:
        software["properties"][ZERO_WORKERS] = "true"
    fields: dict[str, Any] = {
        "configBucket": staging,
        "gceClusterConfig": {
            **_set(
                zoneUri=config.zone or gcp.zone,
                serviceAccount=config.service_account,
                subnetworkUri=config.subnetwork,
            ),
            "serviceAccountScopes": [_SCOPE],
            "internalIpOnly": config.internal_ip_only,
        },
        **machines,
        "softwareConfig": software,
    }
    if config.idle_minutes is not None:
        fields["lifecycleConfig"] = {"idleDeleteTtl": f"{60 * config.idle_minutes}s"}
    cluster = {
        "projectId": gcp.project,
        "clusterName": cluster_of(name, config),
        "labels": {**labels, **config.labels},
        "config": fields,
    }
    return overridden(cluster, config.overrides.get("cluster", {}))


def cluster_requirements(config: "DataprocConfig") -> list[str]:
    """Return the requirements that the cluster installs, with exact versions.

    They are Glacier's own, in the versions that are installed here, and `packages`.
    """
    named = {normal_name(name_in(line)) for line in config.packages}
    own = pins((), plugins=[distribution("glacier-gcp")], engine="spark")
    return sorted(
        [*(pin for pin in own if normal_name(name_in(pin)) not in named), *config.packages]
    )


def job_fields(
    cluster: str,
    config: "DataprocConfig",
    *,
    job_id: str,
    script: Mapping[str, Any],
    wheels: str | None,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """Return a job on a cluster, as the API takes it.

    Args:
        cluster: The cluster's name.
        config: The executor's config.
        job_id: What the job is to be called.
        script: The fields that say what to run, by `script_fields`.
        wheels: The URI of an archive with what the cluster lacks; None for none.
        labels: Labels of everything that the provider makes.
    """
    properties = {**_properties_of_workers(wheels), **config.properties}
    fields = {
        "reference": {"jobId": job_id},
        "placement": {"clusterName": cluster},
        "pysparkJob": {**script, "properties": properties},
        "labels": {**labels, **config.labels},
    }
    return overridden(fields, config.overrides.get("job", {}))


def batch_fields(
    config: "DataprocConfig",
    *,
    script: Mapping[str, Any],
    wheels: str | None,
    staging: str,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """Return a serverless batch, as the API takes it.

    Args:
        config: The executor's config.
        script: The fields that say what to run, by `script_fields`.
        wheels: The URI of an archive with what the runtime lacks; None for none.
        staging: The bucket for what drivers print.
        labels: Labels of everything that the provider makes.
    """
    ttl = None if config.ttl_minutes is None else f"{60 * config.ttl_minutes}s"
    fields = {
        "pysparkBatch": dict(script),
        "runtimeConfig": {
            "version": config.image_version,
            **_set(containerImage=config.container_image),
            "properties": {**_properties_of_workers(wheels), **config.properties},
        },
        "environmentConfig": {
            "executionConfig": {
                "stagingBucket": staging,
                "authenticationConfig": dict(_AS_ITS_ACCOUNT),
                **_set(
                    serviceAccount=config.service_account,
                    subnetworkUri=config.subnetwork,
                    ttl=ttl,
                ),
            }
        },
        "labels": {**labels, **config.labels},
    }
    return overridden(fields, config.overrides.get("batch", {}))


def script_fields(file: str, arguments: Mapping[str, str], wheels: str | None) -> dict[str, Any]:
    """Return what a job and a batch have in common.

    Args:
        file: The URI of the launcher.
        arguments: The launcher's.
        wheels: The URI of an archive that executors unpack; None for none.
    """
    words: Sequence[str] = [word for pair in arguments.items() for word in pair]
    archives = {} if wheels is None else {"archiveUris": [f"{wheels}#{launcher.WHEELS}"]}
    return {"mainPythonFileUri": file, "args": list(words), **archives}


def launcher_source() -> bytes:
    """Return the launcher, the script of every job."""
    return standalone(launcher)


def launcher_path() -> str:
    """Return where the launcher lies below the provider's staging; another one for every text."""
    return f"dataproc/launcher-{hashlib.sha256(launcher_source()).hexdigest()[:16]}.py"


def _properties_of_workers(wheels: str | None) -> dict[str, str]:
    """Return what has executors find the wheels that they have unpacked; the driver has its own."""
    return {} if wheels is None else {"spark.executorEnv.PYTHONPATH": f"./{launcher.WHEELS}"}


def _set(**fields: str | None) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value is not None}
