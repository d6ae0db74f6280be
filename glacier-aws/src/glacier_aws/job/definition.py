"""What Glue is told of an executor: pure functions of its name and its config.

`deploy()`, every submission and Terraform say the same by them.
"""

import hashlib
import re
from typing import TYPE_CHECKING, Any

from glacier.access import Access
from glacier.jobs.launchers import standalone
from glacier.overrides import overridden
from glacier_aws import iam
from glacier_aws.iam import Statement, bucket_statements, partition_of
from glacier_aws.job import launcher

if TYPE_CHECKING:
    from glacier.resources import Bucket
    from glacier_aws.config import GlueConfig

SERVICE = "glue.amazonaws.com"
"""Who takes on the role of a job."""

LOG_GROUP = "/aws-glue/jobs"
"""What the names of the log groups begin with, to which runs write."""

OLDEST_GLUE = (5, 0)
"""The first Glue whose Python runs Glacier's tasks: Polars 2.1 needs Python 3.11."""

ACCESS_NOTE = "the jobs of an executor may touch any bucket of its provider"
"""Why a role's rights are wider than what one job needs."""

_PYTHONS = {"2.0": "3.7", "3.0": "3.7", "4.0": "3.10", "5.0": "3.11", "5.1": "3.11", "6.0": "3.13"}
"""The Pythons of Glue's versions, by the page 'AWS Glue versions' of its guide."""


def job_definition(
    name: str, config: "GlueConfig", *, role_arn: str, script_uri: str
) -> dict[str, Any]:
    """Return the job of an executor as `CreateJob` takes it, without its provider's tags.

    Args:
        name: The executor's name, which is the job's.
        config: The executor's config.
        role_arn: The role that runs take on.
        script_uri: Where the launcher lies.
    """
    bookmarks = "job-bookmark-enable" if config.bookmarks else "job-bookmark-disable"
    fields: dict[str, Any] = {
        "Name": name,
        "Role": role_arn,
        "Command": {"Name": "glueetl", "ScriptLocation": script_uri, "PythonVersion": "3"},
        "GlueVersion": config.glue_version,
        "WorkerType": config.worker_type,
        "NumberOfWorkers": config.num_workers,
        "Timeout": config.timeout_minutes,
        # Who submits decides whether to try again: a run may have written before it failed.
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": config.max_concurrent_runs},
        "ExecutionClass": config.execution_class,
        "JobRunQueuingEnabled": config.execution_class == "STANDARD",
        "DefaultArguments": {"--job-language": "python", "--job-bookmark-option": bookmarks},
    }
    if config.connections:
        fields["Connections"] = {"Connections": list(config.connections)}
    return overridden(fields, config.overrides)


def named_role(config: "GlueConfig") -> str | None:
    """Return the role that a config names, as a field or an override; None for one of our own."""
    return config.overrides.get("Role") or config.role_arn


def launcher_source() -> bytes:
    """Return the launcher, the script of every job."""
    return standalone(launcher)


def launcher_path() -> str:
    """Return where the launcher lies below the provider's staging; another one for every text."""
    return f"glue/launcher-{hashlib.sha256(launcher_source()).hexdigest()[:16]}.py"


def role_name(name: str, region: str) -> str:
    """Return the name of the role that is made for an executor without one."""
    return iam.role_name("glue", name, region)


def role_statements(
    name: str,
    config: "GlueConfig",
    *,
    access: Access,
    staging: "Bucket",
    region: str,
    account_id: str,
) -> list[Statement]:
    """Return what a job's role may do, and no more.

    Args:
        name: The executor's name.
        config: Its config.
        access: The buckets that its jobs may read and write.
        staging: The provider's staging, through which jobs travel.
        region: The job's region.
        account_id: The job's account.
    """
    touched = Access((*access.reads, staging), (*access.writes, staging))
    partition = partition_of(region)
    here = f"{region}:{account_id}"
    logs = f"arn:{partition}:logs:{here}:log-group:/aws-glue/*"
    statements = [
        *bucket_statements(touched, region),
        _allowed(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"], logs),
    ]
    glue = f"arn:{partition}:glue:{here}"
    if config.bookmarks:
        actions = ["glue:GetJob", "glue:GetJobBookmark", "glue:GetJobBookmarks", "glue:GetJobRun"]
        statements.append(_allowed([*actions, "glue:ResetJobBookmark"], f"{glue}:job/{name}"))
    if config.connections:
        connections = [f"{glue}:connection/{one}" for one in config.connections]
        statements.append(_allowed(["glue:GetConnection"], [f"{glue}:catalog", *connections]))
        statements.append(_allowed(_NETWORK, "*"))
    return statements


# What joining the network of a connection takes; EC2 knows no narrower resource for most of it.
_NETWORK = [
    "ec2:CreateNetworkInterface",
    "ec2:CreateTags",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcEndpoints",
]


def python_of(glue_version: str) -> str | None:
    """Return the minor version of Python that a version of Glue has; None if not known."""
    return _PYTHONS.get(glue_version)


def runs_tasks(glue_version: str) -> bool:
    """Return whether a version of Glue has a Python that runs Glacier's tasks."""
    numbers = tuple(int(part) for part in re.findall(r"\d+", glue_version))
    return not numbers or numbers >= OLDEST_GLUE


def _allowed(actions: list[str], resource: str | list[str]) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}
