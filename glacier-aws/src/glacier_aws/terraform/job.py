"""Glue jobs as blocks of Terraform, from the requests that a submission sends too."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from glacier.terraform import Block, Expression, Ref, Text
from glacier_aws.job.definition import (
    SERVICE,
    job_definition,
    launcher_path,
    launcher_source,
    role_name,
    role_statements,
)
from glacier_aws.terraform.blocks import Description, arguments_of, staging_of_estate
from glacier_aws.terraform.bucket import bucket_blocks

if TYPE_CHECKING:
    from glacier.resources import Executor
    from glacier.terraform import Estate
    from glacier_aws.config import AwsConfig, GlueConfig


def job_blocks(estate: "Estate", executor: "Executor") -> Iterator[Block]:
    """Yield the Glue job of an executor with its role, its script, and the staging bucket."""
    name, config = executor.name, cast("GlueConfig", executor.config)
    of = Description(estate, executor)
    staging, account_id = staging_of_estate(estate)
    wanted = job_definition(name, config, role_arn=config.role_arn or "", script_uri="")
    connections = wanted.pop("Connections", {}).get("Connections", [])
    role = wanted.pop("Role")
    body = {**arguments_of(wanted), "connections": connections or None, "role_arn": role}
    if not role:
        region = cast("AwsConfig", estate.provider.config).region
        role = role_name(name, region)
        access = estate.access(executor)
        statements = role_statements(
            name, config, access=access, staging=staging, region=region, account_id=account_id
        )
        yield from of.role(role, SERVICE, statements, access.note)
        body["role_arn"] = Ref("aws_iam_role", role, "arn")
        body["depends_on"] = [Ref("aws_iam_role_policy", role)]
    yield from bucket_blocks(estate, staging)
    script = f"{staging.path}{launcher_path()}"
    yield of.block(
        "aws_s3_object",
        script,
        {
            "bucket": Ref("aws_s3_bucket", staging.bucket_name, "id"),
            "key": script,
            "source": Text((Expression("path.module"), f"/{launcher_path()}")),
        },
        files={launcher_path(): lambda path: path.write_bytes(launcher_source())},
    )
    bucket, key = (Ref("aws_s3_object", script, attribute) for attribute in ("bucket", "key"))
    body["command"]["script_location"] = Text(("s3://", bucket, "/", key))
    body["tags"] = {**(of.tags or {}), **(body.get("tags") or {})} or None
    yield of.block("aws_glue_job", name, body, outputs={f"job_{name}": "arn"})
