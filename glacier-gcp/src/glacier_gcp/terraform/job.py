"""Dataproc's clusters as blocks of Terraform, from the request that `deploy()` sends too.

A serverless batch is one run, which the code starts: of an executor without a cluster, Terraform
builds the account that batches run as, its roles, and the staging bucket.
"""

from typing import TYPE_CHECKING, Any, cast

from glacier.access import Access
from glacier.overrides import overridden
from glacier.terraform import Ref
from glacier_gcp.iam import account_email, account_id, dataproc_condition
from glacier_gcp.job.definition import cluster_fields
from glacier_gcp.terraform.blocks import Body, Description
from glacier_gcp.terraform.bucket import bucket_blocks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from glacier.resources import Executor
    from glacier.terraform import Block, Estate
    from glacier_gcp.config import DataprocConfig, GcpConfig

WORKER = "roles/dataproc.worker"
"""What the account of a cluster, or of batches, needs in its project."""

_CLUSTER, _ACCOUNT = "google_dataproc_cluster", "google_service_account"

_OF_MACHINES = {"numInstances": "num_instances", "machineTypeUri": "machine_type"}
_OF_GCE = {
    "zoneUri": "zone",
    "subnetworkUri": "subnetwork",
    "serviceAccount": "service_account",
    "serviceAccountScopes": "service_account_scopes",
    "internalIpOnly": "internal_ip_only",
}


def job_blocks(estate: "Estate", executor: "Executor") -> "Iterator[Block]":
    """Yield the cluster of an executor, the account that its jobs run as, and the staging bucket.

    An account that the config names is somebody else's to make and to give rights to, and so is a
    cluster that it names. The address of the account that is made here may be named, too, as
    serverless batches need it.
    """
    config, of = cast("DataprocConfig", executor.config), Description(estate, executor)
    staging = estate.staging()
    yield from bucket_blocks(estate, staging)
    if config.cluster_name is not None:
        return
    account = account_of(executor)
    is_own = config.service_account in {None, account_email(account, of.config.project)}
    roles = list(_account(estate, executor, of)) if is_own else []
    yield from roles
    if config.serverless:
        return
    body = _cluster(executor, of, staging.bucket_name)
    if is_own:
        machines = body["cluster_config"]["gce_cluster_config"]
        machines["service_account"] = Ref(_ACCOUNT, account, "email")
        body["depends_on"] = [Ref(one.type, one.key) for one in roles if one.type != _ACCOUNT]
    body = overridden(body, config.overrides.get(_CLUSTER, {}))
    yield of.block(_CLUSTER, executor.name, body, outputs={f"executor_{executor.name}": "id"})


def _account(estate: "Estate", executor: "Executor", of: Description) -> "Iterator[Block]":
    """Yield the account that jobs run as, and its roles."""
    account, staging, access = account_of(executor), estate.staging(), estate.access(executor)
    touched = Access((*access.reads, staging), (*access.writes, staging), access.note)
    fields: Body = {"outputs": {f"executor_{executor.name}_account": "email"}}
    config = cast("DataprocConfig", executor.config)
    if config.serverless and config.service_account is None:
        email = account_email(account, of.config.project)
        fields["comment"] = f'Batches run as it with DataprocConfig(service_account="{email}").'
    yield from of.account(account, touched, f"Runs the jobs of {executor.name}", **fields)
    condition = dataproc_condition(staging.bucket_name, of.config.region)
    yield of.project_role(account, WORKER, "glacier dataproc", condition)


def account_of(executor: "Executor") -> str:
    """Return the id of the account that is made for an executor."""
    region = cast("GcpConfig", executor.provider.config).region
    return account_id("dataproc", executor.name, region)


def _cluster(executor: "Executor", of: Description, staging: str) -> Body:
    config = cast("DataprocConfig", executor.config)
    wanted = cluster_fields(
        executor.name, config, of.config, staging=staging, labels=of.labels or {}
    )
    fields = wanted["config"]
    software = fields["softwareConfig"]
    cluster: Body = {
        "staging_bucket": Ref("google_storage_bucket", staging, "name"),
        "gce_cluster_config": _renamed(fields["gceClusterConfig"], _OF_GCE),
        "master_config": _renamed(fields["masterConfig"], _OF_MACHINES),
        "software_config": {
            "image_version": software["imageVersion"],
            "override_properties": software["properties"],
        },
    }
    if "workerConfig" in fields:
        cluster["worker_config"] = _renamed(fields["workerConfig"], _OF_MACHINES)
    if "lifecycleConfig" in fields:
        cluster["lifecycle_config"] = {
            "idle_delete_ttl": fields["lifecycleConfig"]["idleDeleteTtl"]
        }
    return {
        "name": wanted["clusterName"],
        "region": of.config.region,
        "labels": wanted["labels"] or None,
        "cluster_config": cluster,
    }


def _renamed(
    fields: "Mapping[str, Any]",
    names: "Mapping[str, str]",  # Any: JSON
) -> Body:
    """Return those fields that Terraform has arguments for, by their names there."""
    return {names[name]: value for name, value in fields.items() if name in names}
