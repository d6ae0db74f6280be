"""What the tests of Glue share."""

import json
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import boto3

from glacier import Executor, Provider
from glacier.config import GlueConfig
from tests.rigs.aws.server import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY, AwsServer

STAGING = f"glacier-staging-{ACCOUNT}-{REGION}"


def glue_executor(server: AwsServer, provider: Provider | None = None, **fields: Any) -> Executor:
    """Return an executor on Glue that has run nothing yet."""
    provider = provider or Provider(config=server.config())
    return provider.executor(f"etl-{uuid4().hex[:12]}", config=GlueConfig(**fields))


def client(server: AwsServer, service: str) -> Any:
    """Return a client that has nothing to do with Glacier."""
    return boto3.client(
        service,  # type: ignore[call-overload] # any service
        region_name=REGION,
        endpoint_url=server.endpoint,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


def command(server: AwsServer, *words: str) -> None:
    """Tell the rig's Glue what to do."""
    with urlopen("/".join([server.endpoint, "rig", "glue", *words])):
        pass


def job_of(server: AwsServer, executor: Executor) -> dict[str, Any]:
    """Return what Glue has of an executor."""
    found: dict[str, Any] = client(server, "glue").get_job(JobName=executor.name)["Job"]
    return found


def runs_of(server: AwsServer, executor: Executor) -> list[dict[str, Any]]:
    """Return the runs of an executor, the newest first."""
    found: list[dict[str, Any]] = client(server, "glue").get_job_runs(JobName=executor.name)[
        "JobRuns"
    ]
    return found


def policy_of(server: AwsServer, role_arn: str) -> list[dict[str, Any]]:
    """Return what a role may do."""
    answer = client(server, "iam").get_role_policy(
        RoleName=role_arn.rpartition("/")[2], PolicyName="glacier"
    )
    document = answer["PolicyDocument"]
    found: list[dict[str, Any]] = (json.loads(document) if isinstance(document, str) else document)[
        "Statement"
    ]
    return found


def staged(server: AwsServer) -> dict[str, bytes]:
    """Return what lies in the account's staging bucket."""
    s3 = client(server, "s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=STAGING)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    return {key: s3.get_object(Bucket=STAGING, Key=key)["Body"].read() for key in keys}


def operations(server: AwsServer) -> list[str]:
    """Return what Glue was asked since this was called before."""
    found = [request["target"] for request in server.requests(forget=True)]
    return [one.removeprefix("AWSGlue.") for one in found if one.startswith("AWSGlue.")]
