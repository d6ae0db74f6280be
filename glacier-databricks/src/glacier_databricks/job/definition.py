"""What Databricks is told of an executor: pure functions of its config and of its provider's.

Submissions, `deploy()` and Terraform say the same by them.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from glacier.errors import ConfigError
from glacier.jobs.launchers import run_file, script_source, standalone
from glacier.overrides import overridden
from glacier_databricks.job import launcher, probe
from glacier_databricks.runtimes import default_runtime

if TYPE_CHECKING:
    from glacier.adapters import ScriptJob
    from glacier.config import ProviderConfig
    from glacier.resources import Executor
    from glacier_databricks.config import DatabricksConfig

TASK = "glacier"
"""The key of a run's only task."""

ENVIRONMENT = "glacier"
"""The key of the environment of a run on serverless compute."""

_RUN = "run"
_OF_TERRAFORM = "databricks_"
_NO_TIMEOUT = 0
_CARRIED = b'CARRIED = ""'


@dataclass(frozen=True, slots=True)
class Cloud:
    """What differs between the clouds that host a workspace.

    Attributes:
        config: The name of the provider's config there.
        instance_type: The machine where none is chosen: 4 cores with 16 GB.
        attributes: The field of a cluster that is this cloud's own.
        wanted: What that field is set to.
    """

    config: str
    instance_type: str
    attributes: str
    wanted: Mapping[str, Any]


CLOUDS = (
    Cloud(
        "AwsConfig",
        "m5.xlarge",
        "aws_attributes",
        {"availability": "ON_DEMAND", "zone_id": "auto"},
    ),
    Cloud(
        "AzureConfig",
        "Standard_D4s_v3",
        "azure_attributes",
        {"availability": "ON_DEMAND_AZURE"},
    ),
    Cloud("GcpConfig", "n2-standard-4", "gcp_attributes", {"availability": "ON_DEMAND_GCP"}),
)
"""The clouds that Databricks runs on."""


def cloud_of(provider: "ProviderConfig") -> Cloud:
    """Return the cloud that hosts the workspace: the provider's.

    Raises:
        ConfigError: Databricks does not run there.
    """
    names = {kind.__name__ for kind in type(provider).__mro__}
    found = next((one for one in CLOUDS if one.config in names), None)
    if found is None:
        raise ConfigError(
            f"Databricks runs on AWS, Azure and Google Cloud, and this provider is of "
            f"{type(provider).__name__}. Make the executor with a provider of one of "
            f"{', '.join(one.config for one in CLOUDS)}."
        )
    return found


def check_executor(executor: "Executor") -> None:
    """Refuse an executor whose provider is of no cloud that Databricks runs on.

    Raises:
        ConfigError: It is of another platform.
    """
    cloud_of(executor.provider.config)


def spark_version_of(config: "DatabricksConfig") -> str:
    """Return the runtime of an executor's clusters."""
    chosen = config.overrides.get("spark_version") or config.spark_version
    return str(chosen or default_runtime().key)


def cluster_fields(
    config: "DatabricksConfig", provider: "ProviderConfig", tags: Mapping[str, str]
) -> dict[str, Any]:
    """Return a new cluster as the API takes it, with the config's overrides."""
    cloud = cloud_of(provider)
    fields: dict[str, Any] = {"spark_version": spark_version_of(config), **_size(config)}
    if config.instance_pool_id is not None:
        fields["instance_pool_id"] = config.instance_pool_id
    else:
        fields["node_type_id"] = config.instance_type or cloud.instance_type
        fields[cloud.attributes] = dict(cloud.wanted)
    fields["data_security_mode"] = "SINGLE_USER"
    if config.policy_id is not None:
        fields["policy_id"] = config.policy_id
    if config.environment:
        fields["spark_env_vars"] = dict(config.environment)
    if tags:
        fields["custom_tags"] = {**tags, **fields.get("custom_tags", {})}
    others = config.overrides.items()
    own = {k: v for k, v in others if k != _RUN and not k.startswith(_OF_TERRAFORM)}
    return overridden(fields, own)


def _size(config: "DatabricksConfig") -> dict[str, Any]:
    if config.min_workers is not None:
        return {"autoscale": {"min_workers": config.min_workers, "max_workers": config.max_workers}}
    workers = 1 if config.num_workers is None else config.num_workers
    if workers == 0:  # the driver alone, which has to be said in three places
        return {
            "num_workers": 0,
            "spark_conf": {
                "spark.databricks.cluster.profile": "singleNode",
                "spark.master": "local[*]",
            },
            "custom_tags": {"ResourceClass": "SingleNode"},
        }
    return {"num_workers": workers}


def run_fields(
    config: "DatabricksConfig",
    provider: "ProviderConfig",
    tags: Mapping[str, str],
    *,
    job: "ScriptJob",
    python_file: str,
    sha256: str,
) -> dict[str, Any]:
    """Return a one-time run as the API takes it, with the config's overrides.

    Args:
        config: The executor's config.
        provider: The config of its provider, which says on which cloud the workspace is.
        tags: The provider's tags.
        job: What runs.
        python_file: Where its file lies.
        sha256: The digest of what the file carries.
    """
    requirements = [*job.requirements, *config.packages]
    task, run = compute_fields(config, provider, tags, requirements)
    task["spark_python_task"] = {
        "python_file": python_file,
        "parameters": [launcher.SHA256, sha256, launcher.TOKEN, job.token],
    }
    own = {"run_name": job.name, "idempotency_token": job.token, "tasks": [task]}
    return overridden({**own, **run}, config.overrides.get(_RUN, {}))


def compute_fields(
    config: "DatabricksConfig",
    provider: "ProviderConfig",
    tags: Mapping[str, str],
    requirements: Sequence[str],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a task and its run say of where they run, and with what.

    Args:
        config: The executor's config.
        provider: The config of its provider, which says on which cloud the workspace is.
        tags: The provider's tags.
        requirements: What is installed before.
    """
    # Who submits decides whether to try again: a run may have written before it failed.
    task: dict[str, Any] = {"task_key": TASK, "max_retries": 0}
    # A workspace takes a number of runs at a time, and refuses those beyond that do not queue.
    run: dict[str, Any] = {"queue": {"enabled": True}}
    if config.timeout_seconds is not None:
        run["timeout_seconds"] = config.timeout_seconds
    if config.serverless:
        spec = {
            "environment_version": config.environment_version,
            "dependencies": list(requirements),
        }
        run["environments"] = [{"environment_key": ENVIRONMENT, "spec": spec}]
        task["environment_key"] = ENVIRONMENT
        return task, run
    task["libraries"] = [{"pypi": {"package": one}} for one in requirements]
    if config.existing_cluster_id is not None:
        task["existing_cluster_id"] = config.existing_cluster_id
    else:
        task["new_cluster"] = cluster_fields(config, provider, tags)
    return task, run


def job_fields(
    executor: "Executor",
    python_file: Any,  # Any: a path, or what stands for one in a document of Terraform
) -> dict[str, Any]:
    """Return the job that stands for an executor, as the API takes it.

    Submissions are runs of their own; started by hand, it tells what they find. Overrides of runs
    are not among its settings.

    Args:
        executor: The executor.
        python_file: Where the file lies that it starts.
    """
    config, provider = cast("DatabricksConfig", executor.config), executor.provider
    task, run = compute_fields(config, provider.config, provider.tags, config.packages)
    fields: dict[str, Any] = {"name": executor.name, "timeout_seconds": _NO_TIMEOUT, **run}
    if provider.tags:
        fields["tags"] = dict(provider.tags)
    cluster = task.pop("new_cluster", None)
    if cluster is not None:
        task["job_cluster_key"] = TASK
        fields["job_clusters"] = [{"job_cluster_key": TASK, "new_cluster": cluster}]
    task["spark_python_task"] = {"python_file": python_file}
    return {**fields, "tasks": [task]}


def probe_file() -> tuple[str, bytes]:
    """Return what the job of an executor starts: its path in the workspace, and its content."""
    source = Path(probe.__file__).read_bytes()
    return f"/Shared/glacier/probe-{hashlib.sha256(source).hexdigest()[:16]}.py", source


def run_source(job: "ScriptJob") -> tuple[bytes, bytes]:
    """Return the file that a run starts, and what it carries.

    Raises:
        PackageError: A secret of this process is in it.
    """
    source = script_source(job)
    told = {"source": base64.b64encode(source).decode()}
    carried = run_file(job, source, job.script.name, **told)
    whole = standalone(launcher)
    assert whole.count(_CARRIED) == 1
    filled = b"CARRIED = " + json.dumps(base64.b64encode(carried).decode()).encode()
    return whole.replace(_CARRIED, filled), carried
