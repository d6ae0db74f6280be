"""Executors as blocks of Terraform: the job that `deploy()` makes too, with what it needs."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from glacier.terraform import Block, Expression, Ref, Text
from glacier_databricks.job.clouds import cloud_of
from glacier_databricks.job.definition import job_fields, probe_file
from glacier_databricks.terraform.blocks import Body, Description

if TYPE_CHECKING:
    from glacier.resources import Executor
    from glacier.terraform import Estate

POOL = "databricks_instance_pool"
"""The type of pools: one is made where the config's overrides have something of that type."""

_VOLUME_PARTS = 3
_ARGUMENTS = {
    "tasks": "task",
    "libraries": "library",
    "job_clusters": "job_cluster",
    "environments": "environment",
}
_IDLE_MINUTES = 15


def job_blocks(estate: "Estate", executor: "Executor") -> Iterator[Block]:
    """Yield the job of an executor with its file, its volume and pool, and the staging bucket."""
    of = Description(estate, executor)
    yield from _staging_blocks(estate)
    yield from _volume_blocks(of)
    file = _probe_block(of)
    yield file
    fields = job_fields(executor, Ref(file.type, file.key, "workspace_path"))
    if POOL in of.config.overrides:
        for job_cluster in fields.get("job_clusters", ()):
            yield _pool_block(estate, of, executor.name)
            job_cluster["new_cluster"] = _from_pool(job_cluster["new_cluster"], executor.name)
    fields["tasks"] = [_renamed(task) for task in fields["tasks"]]
    outputs = {f"job_{executor.name}": "id"}
    yield of.block("databricks_job", executor.name, _renamed(fields), outputs=outputs)


def _renamed(fields: Body) -> Body:
    """Return fields of the API by the names of Terraform's arguments; empty lists are left out."""
    return {_ARGUMENTS.get(name, name): value for name, value in fields.items() if value != []}


def _staging_blocks(estate: "Estate") -> Iterator[Block]:
    """Yield the bucket through which jobs travel, as its own platform describes it."""
    staging = estate.staging()
    yield from estate.provider.get_adapter(staging).blocks(estate)


def _volume_blocks(of: Description) -> Iterator[Block]:
    """Yield the volume that takes the files of runs; its catalog and schema have to be there."""
    volume = of.config.volume
    if volume is not None:
        catalog, schema, name = volume.strip("/").split("/")[1 : 1 + _VOLUME_PARTS]
        where = {"catalog_name": catalog, "schema_name": schema}
        body = {"name": name, **where, "volume_type": "MANAGED"}
        yield of.block("databricks_volume", f"{catalog}_{schema}_{name}", body)


def _pool_block(estate: "Estate", of: Description, name: str) -> Block:
    cloud = cloud_of(estate.provider.config)
    machine = of.config.instance_type or cloud.instance_type
    volumes = cloud.volumes_of(machine)
    body: Body = {
        "instance_pool_name": name,
        "node_type_id": machine,
        "min_idle_instances": 0,
        "idle_instance_autotermination_minutes": _IDLE_MINUTES,
        "custom_tags": of.tags,
        cloud.attributes: dict(cloud.wanted),
    }
    if volumes:
        body["disk_spec"] = {
            "disk_type": {"ebs_volume_type": volumes["ebs_volume_type"]},
            "disk_count": volumes["ebs_volume_count"],
            "disk_size": volumes["ebs_volume_size"],
        }
    return of.block(POOL, name, body, outputs={f"instance_pool_{name}": "id"})


def _from_pool(cluster: Body, name: str) -> Body:
    """Return a cluster whose machines are those of a pool in the same document."""
    own = {"node_type_id", "aws_attributes", "azure_attributes", "gcp_attributes"}
    kept = {key: value for key, value in cluster.items() if key not in own}
    return {**kept, "instance_pool_id": Ref(POOL, name, "id")}


def _probe_block(of: Description) -> Block:
    """Return the file that jobs run, which a workspace has once for all of them."""
    path, source = probe_file()
    name = f"databricks/{path.rpartition('/')[2]}"
    return of.block(
        "databricks_workspace_file",
        of.keyed(name),
        {"path": path, "source": Text((Expression("path.module"), f"/{name}"))},
        files={name: lambda path: path.write_bytes(source)},
    )
