"""What Synapse is told of an executor: pure functions of its config.

`deploy()`, every submission and Terraform say the same by them.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from importlib.metadata import distribution
from typing import TYPE_CHECKING, Any

from glacier.jobs.launchers import standalone
from glacier.jobs.pins import name_in, normal_name, pins
from glacier.overrides import overridden
from glacier_azure.job import launcher

if TYPE_CHECKING:
    from glacier_azure.config import AzureConfig, SynapseConfig

POOL_VERSION = "2021-06-01"
"""The version of Resource Manager's API for workspaces and their pools."""

OLDEST_SPARK = (3, 5)
"""The first runtime whose Python runs Glacier's tasks: Polars 2.1 needs Python 3.11."""

REQUIREMENTS = "requirements.txt"
_TERRAFORM = "azurerm_"
POOL = "pool"
"""The key in `overrides` with fields of the pool."""

_PYTHONS = {"3.2": "3.8", "3.3": "3.10", "3.4": "3.10", "3.5": "3.11"}
"""The Pythons of the runtimes, by the pages 'Azure Synapse Runtime for Apache Spark'."""

_SIZES = {
    "Small": (4, "28g"),
    "Medium": (8, "56g"),
    "Large": (16, "112g"),
    "XLarge": (32, "224g"),
    "XXLarge": (64, "400g"),
}
"""The cores and memory of an executor that has a node to itself. The first three are what
`az synapse spark job submit --executor-size` sends; the others what Synapse Studio shows, whose
nodes have 32, 64, 128, 256 and 432 GB:
https://learn.microsoft.com/azure/synapse-analytics/spark/apache-spark-pool-configurations"""


def workspace_id(config: "SynapseConfig", azure: "AzureConfig", subscription: str) -> str:
    """Return what Resource Manager calls the workspace."""
    group = f"/subscriptions/{subscription}/resourceGroups/{azure.resource_group}"
    return f"{group}/providers/Microsoft.Synapse/workspaces/{config.workspace}"


def pool_id(config: "SynapseConfig", azure: "AzureConfig", subscription: str) -> str:
    """Return what Resource Manager calls the pool."""
    return f"{workspace_id(config, azure, subscription)}/bigDataPools/{config.spark_pool}"


def endpoint_of(config: "SynapseConfig") -> str:
    """Return where the workspace is reached."""
    return (config.endpoint or f"https://{config.workspace}.dev.azuresynapse.net").rstrip("/")


def pool_properties(config: "SynapseConfig") -> dict[str, Any]:
    """Return the pool's properties, as Resource Manager takes them."""
    scales = config.max_node_count is not None
    fields: dict[str, Any] = {
        "sparkVersion": config.spark_version,
        "nodeSize": config.node_size,
        "nodeSizeFamily": "MemoryOptimized",
        "nodeCount": 0 if scales else config.node_count,
        "autoScale": {"enabled": False},
        "autoPause": {"enabled": False},
        "libraryRequirements": {"filename": REQUIREMENTS, "content": pool_requirements(config)},
    }
    if scales:
        fields["autoScale"] = {
            "enabled": True,
            "minNodeCount": config.node_count,
            "maxNodeCount": config.max_node_count,
        }
    if config.idle_minutes is not None:
        fields["autoPause"] = {"enabled": True, "delayInMinutes": config.idle_minutes}
    return overridden(fields, config.overrides.get(POOL, {}))


def pool_requirements(config: "SynapseConfig") -> str:
    """Return the requirements that the pool installs, line by line.

    They are Glacier's own, in the versions that are installed here, and `packages`.
    """
    named = {normal_name(name_in(line)) for line in config.packages}
    own = pins((), plugins=[distribution("glacier-azure")], engine="spark")
    lines = [*(pin for pin in own if normal_name(name_in(pin)) not in named), *config.packages]
    return "".join(f"{line}\n" for line in sorted(lines))


def batch_options(
    config: "SynapseConfig",
    *,
    name: str,
    token: str,
    file: str,
    arguments: Sequence[str],
    files: Sequence[str],
    wheels: str | None,
) -> dict[str, Any]:
    """Return a batch as the API takes it.

    Args:
        config: The executor's config.
        name: What consoles show.
        token: The submission's own name.
        file: The URI of the launcher.
        arguments: The launcher's arguments.
        files: URIs of what lies beside it when it is started.
        wheels: The URI of an archive with what the pool lacks; None for none.
    """
    cores, memory = _SIZES[config.node_size]
    fields: dict[str, Any] = {
        # Livy takes a name once: https://github.com/apache/incubator-livy/pull/70
        "name": f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}_{token}",
        "file": file,
        "args": list(arguments),
        "files": list(files),
        "conf": {},
        "driverCores": config.driver_cores or cores,
        "driverMemory": config.driver_memory or memory,
        "executorCores": config.executor_cores or cores,
        "executorMemory": config.executor_memory or memory,
        "numExecutors": config.num_executors,
        "tags": {launcher.TOKEN.strip("-"): token},
    }
    if wheels is not None:
        place = f"./{launcher.WHEELS}"
        fields["archives"] = [f"{wheels}#{launcher.WHEELS}"]
        fields["conf"] = {
            "spark.yarn.appMasterEnv.PYTHONPATH": place,
            "spark.executorEnv.PYTHONPATH": place,
        }
    own = {
        key: value
        for key, value in config.overrides.items()
        if key != POOL and not key.startswith(_TERRAFORM)
    }
    return overridden(fields, own)


def token_of(batch: Mapping[str, Any]) -> str | None:
    """Return the submission's own name that a batch was given; None for one of others.

    Args:
        batch: The batch, as the API tells of it.
    """
    tags = batch.get("tags") or {}
    found = tags.get(launcher.TOKEN.strip("-"))
    if found:
        return str(found)
    request = ((batch.get("livyInfo") or {}).get("jobCreationRequest")) or {}
    words = request.get("args") or []
    pairs = dict(zip(words[::2], words[1::2], strict=False))
    return pairs.get(launcher.TOKEN)


def launcher_source() -> bytes:
    """Return the launcher, the script of every batch."""
    return standalone(launcher)


def launcher_path() -> str:
    """Return where the launcher lies below the provider's staging; another one for every text."""
    return f"synapse/launcher-{hashlib.sha256(launcher_source()).hexdigest()[:16]}.py"


def python_of(spark_version: str) -> str | None:
    """Return the minor version of Python that a runtime has; None if not known."""
    return _PYTHONS.get(spark_version)


def runs_tasks(spark_version: str) -> bool:
    """Return whether a runtime has a Python that runs Glacier's tasks."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", spark_version))
    return not numbers or numbers >= OLDEST_SPARK
