"""Clusters, instance pools and policies of the rig: what a run may name, and what is refused."""

import re
from collections.abc import Mapping
from typing import Any

from werkzeug.wrappers import Request

from tests.rigs.databricks.workspaces import ApiError, Handler, Workspace, invalid

NODE_TYPES = {
    "aws": re.compile(r"[a-z]\w+\.\d*x?large"),
    "azure": re.compile(r"Standard_\w+"),
    "gcp": re.compile(r"[a-z]\d\w?-\w+-\d+"),
}
"""What machines are called on a cloud."""

_WITH_DISKS = re.compile(r"(i\d\w*|\w\d\w*d)\.\w+")
"""Those of AWS, of what tests name, that have disks of their own."""

_RUNTIME = re.compile(r"\d+(\.\d+)?\.x(-\w+)*-scala2\.1[23]")


def check_cluster(workspace: Workspace, wanted: Mapping[str, Any]) -> None:
    """Refuse a cluster that the workspace can't make.

    Raises:
        ApiError: What is wrong with it.
    """
    if not _RUNTIME.fullmatch(str(wanted.get("spark_version"))):
        raise invalid(f"Invalid spark version {wanted.get('spark_version')}.")
    if ("num_workers" in wanted) == ("autoscale" in wanted):
        raise invalid("Exactly one of num_workers or autoscale must be specified.")
    if wanted.get("num_workers") == 0:
        _check_single_node(wanted)
    scale = wanted.get("autoscale") or {"min_workers": 0, "max_workers": 0}
    if scale["min_workers"] > scale["max_workers"]:
        raise invalid("min_workers must be at most max_workers.")
    _check_machines(workspace, wanted)
    for cloud in NODE_TYPES.keys() - {workspace.cloud}:
        if f"{cloud}_attributes" in wanted:
            raise invalid(f"{cloud}_attributes can't be set in a workspace on {workspace.cloud}.")
    policy = wanted.get("policy_id")
    if policy is not None and policy not in workspace.policies:
        raise ApiError(403, "PERMISSION_DENIED", f"Not authorized to use policy {policy}.")


def environment_of(workspace: Workspace, cluster: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a cluster, with the secrets that they name."""

    def value(found: re.Match[str]) -> str:
        return workspace.secrets[found[1]]

    given: Mapping[str, str] = cluster.get("spark_env_vars", {})
    return {k: re.sub(r"\{\{secrets/(.+?)\}\}", value, v) for k, v in given.items()}


def handlers() -> dict[tuple[str, str], Handler]:
    """Return what answers for clusters."""
    return {
        ("POST", "/api/2.1/clusters/create"): _create_cluster,
        ("GET", "/api/2.1/clusters/get"): _get_cluster,
        ("POST", "/api/2.0/instance-pools/create"): _create_pool,
        ("POST", "/api/2.0/policies/clusters/create"): _create_policy,
    }


def _check_single_node(wanted: Mapping[str, Any]) -> None:
    profile = wanted.get("spark_conf", {}).get("spark.databricks.cluster.profile")
    tag = wanted.get("custom_tags", {}).get("ResourceClass")
    if (profile, tag) != ("singleNode", "SingleNode"):
        raise invalid("A cluster without workers needs the settings of a single node.")


def _check_machines(workspace: Workspace, wanted: Mapping[str, Any]) -> None:
    machine, pool = wanted.get("node_type_id"), wanted.get("instance_pool_id")
    if (machine is None) == (pool is None):
        raise invalid("Exactly one of node_type_id or instance_pool_id must be specified.")
    if pool is not None and pool not in workspace.pools:
        raise invalid(f"Can't find an instance pool with id {pool}.")
    if machine is not None and not NODE_TYPES[workspace.cloud].fullmatch(machine):
        raise invalid(f"Node type {machine} is not supported.")
    volumes = wanted.get("aws_attributes", {}).get("ebs_volume_count", 0)
    if workspace.cloud == "aws" and machine is not None:
        _check_disks(machine, volumes)


def _check_disks(machine: str, volumes: int) -> None:
    if not volumes and not _WITH_DISKS.fullmatch(machine):
        raise invalid(
            "At least one EBS volume must be attached for clusters created with node type "
            f"{machine}."
        )


def _create_cluster(workspace: Workspace, request: Request) -> dict[str, Any]:
    wanted = request.get_json()
    check_cluster(workspace, wanted)
    number = f"1126-{len(workspace.clusters):06}-abcdefgh"
    workspace.clusters[number] = {**wanted, "cluster_id": number, "state": "RUNNING"}
    return {"cluster_id": number}


def _get_cluster(workspace: Workspace, request: Request) -> dict[str, Any]:
    number = request.args["cluster_id"]
    if number not in workspace.clusters:
        raise invalid(f"Cluster {number} does not exist")
    return workspace.clusters[number]


def _create_pool(workspace: Workspace, request: Request) -> dict[str, Any]:
    number = f"pool-{len(workspace.pools)}"
    wanted = request.get_json()
    if workspace.cloud == "aws":
        _check_disks(wanted["node_type_id"], wanted.get("disk_spec", {}).get("disk_count", 0))
    workspace.pools[number] = wanted
    return {"instance_pool_id": number}


def _create_policy(workspace: Workspace, request: Request) -> dict[str, Any]:
    number = f"{len(workspace.policies):016X}"
    workspace.policies[number] = request.get_json()
    return {"policy_id": number}
