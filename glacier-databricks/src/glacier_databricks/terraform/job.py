"""Executors as blocks of Terraform, from the fields that submissions send too.

Every submission is a one-time run, so the job that is made here is not what runs them. It has the
same cluster and the same packages: started by hand, it tells what jobs will find.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from glacier.terraform import Block, Expression, Ref, Text
from glacier_databricks.job import probe
from glacier_databricks.job.definition import TASK, cloud_of, compute_fields
from glacier_databricks.terraform.blocks import Body, Description

if TYPE_CHECKING:
    from glacier.resources import Executor
    from glacier.terraform import Estate

POOL = "databricks_instance_pool"
"""The type of pools: one is made where the config's overrides have something of that type."""

_VOLUME_PARTS = 3
_IDLE_MINUTES = 15


def job_blocks(estate: "Estate", executor: "Executor") -> Iterator[Block]:
    """Yield the job of an executor with its file, its volume and pool, and the staging bucket."""
    of = Description(estate, executor)
    yield from _staging_blocks(estate)
    yield from _volume_blocks(of)
    task, run = compute_fields(
        of.config, estate.provider.config, estate.provider.tags, of.config.packages
    )
    cluster = task.pop("new_cluster", None)
    if cluster is not None:
        if POOL in of.config.overrides:
            yield _pool_block(estate, of, executor.name)
            cluster = _from_pool(cluster, executor.name)
        task["job_cluster_key"] = TASK
        run["job_cluster"] = [{"job_cluster_key": TASK, "new_cluster": cluster}]
    file = _probe_block(of)
    yield file
    script = {"python_file": Ref(file.type, file.key, "workspace_path")}
    libraries = task.pop("libraries", [])
    environments = run.pop("environments", [])
    body: Body = {
        "name": executor.name,
        "tags": of.tags,
        **run,
        "environment": environments or None,
        "task": [{**task, "library": libraries or None, "spark_python_task": script}],
    }
    yield of.block("databricks_job", executor.name, body, outputs={f"job_{executor.name}": "id"})


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
    body: Body = {
        "instance_pool_name": name,
        "node_type_id": of.config.instance_type or cloud.instance_type,
        "min_idle_instances": 0,
        "idle_instance_autotermination_minutes": _IDLE_MINUTES,
        "custom_tags": of.tags,
        cloud.attributes: dict(cloud.wanted),
    }
    return of.block(POOL, name, body, outputs={f"instance_pool_{name}": "id"})


def _from_pool(cluster: Body, name: str) -> Body:
    """Return a cluster whose machines are those of a pool in the same document."""
    own = {"node_type_id", "aws_attributes", "azure_attributes", "gcp_attributes"}
    kept = {key: value for key, value in cluster.items() if key not in own}
    return {**kept, "instance_pool_id": Ref(POOL, name, "id")}


def _probe_block(of: Description) -> Block:
    source = Path(probe.__file__).read_bytes()
    name = f"databricks/probe-{hashlib.sha256(source).hexdigest()[:16]}.py"
    return of.block(
        "databricks_workspace_file",
        name,
        {
            "path": f"/Shared/glacier/{name.rpartition('/')[2]}",
            "source": Text((Expression("path.module"), f"/{name}")),
        },
        files={name: lambda path: path.write_bytes(source)},
    )
