"""Names that clusters, jobs and batches can have; without an SDK, so that checking one is cheap."""

import re
from typing import TYPE_CHECKING

from glacier.errors import JobError
from glacier_gcp.resource_configs import DataprocConfig

if TYPE_CHECKING:
    from glacier.resources import Executor

LONGEST_CLUSTER = 51
"""https://cloud.google.com/dataproc/docs/reference/rest/v1/projects.regions.clusters"""

LONGEST_ID = 63
"""Of a batch; that of a job may have a hundred characters."""


def check_executor(executor: "Executor") -> None:
    """Refuse an executor whose name no cluster can have, where it is to be the cluster's.

    Raises:
        JobError: The name is not legal.
    """
    config, name = executor.config, executor.name
    if isinstance(config, DataprocConfig) and (config.serverless or config.cluster_name):
        return
    if not re.fullmatch(r"[a-z]([a-z0-9-]*[a-z0-9])?", name) or len(name) > LONGEST_CLUSTER:
        raise JobError(
            f"The executor's name {name!r} is not legal for a Dataproc cluster, which would have "
            f"it: expected up to {LONGEST_CLUSTER} lower-case letters, digits and hyphens, a "
            "letter first and no hyphen last. Rename the executor, such as 'nightly-etl', or name "
            "a cluster in DataprocConfig(cluster_name=...).",
            name=name,
        )


def cluster_of(name: str, config: DataprocConfig) -> str:
    """Return the name of an executor's cluster."""
    return config.cluster_name or name


def job_id_of(name: str, token: str) -> str:
    """Return the id of a job or a batch: what consoles show, and the submission's own name.

    Args:
        name: The job's name.
        token: The submission's own name, which no other one has.
    """
    words = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    short = words[: LONGEST_ID - len(token) - 1].rstrip("-")
    return f"{short or 'job'}-{token}"
