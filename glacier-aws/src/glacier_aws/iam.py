"""Roles for functions and jobs, which may do what they have to and no more.

The statements are pure functions of what is touched, so that `deploy()` and Terraform give the
same rights.
"""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from glacier.storage import GLOB_CHARACTERS

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from glacier.access import Access
    from glacier.resources import Bucket
    from glacier_aws.session import AwsSession

Statement = dict[str, Any]
"""One statement of a policy, as JSON has it."""

POLICY_NAME = "glacier"
_READ = ["s3:GetObject"]
_WRITE = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]


def partition_of(region: str) -> str:
    """Return the partition that a region's ARNs name."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def trust_policy(service: str) -> dict[str, Any]:
    """Return who may take on a role: one service of AWS, such as `lambda.amazonaws.com`."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def policy(statements: Iterable[Statement]) -> dict[str, Any]:
    """Return a policy of some statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def bucket_statements(access: "Access", region: str) -> list[Statement]:
    """Return the rights to read and write some buckets' paths.

    `ListBucket` is among them, limited to the paths: without it S3 answers 403 for what is
    merely not there.
    """
    root = f"arn:{partition_of(region)}:s3:::"
    statements: list[Statement] = []
    for actions, buckets in ((_READ, access.reads), (_WRITE, access.writes)):
        objects = sorted({f"{root}{one.bucket_name}/{_pattern(one)}" for one in buckets})
        if objects:
            statements.append({"Effect": "Allow", "Action": actions, "Resource": objects})
    by_name: dict[str, set[str]] = {}
    for one in (*access.reads, *access.writes):
        by_name.setdefault(one.bucket_name, set()).add(_pattern(one))
    writes = {one.bucket_name for one in access.writes}
    for name, patterns in sorted(by_name.items()):
        statements.append(
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": f"{root}{name}",
                "Condition": {"StringLike": {"s3:prefix": sorted(patterns)}},
            }
        )
        if name in writes:
            statements.append(
                {
                    "Effect": "Allow",
                    "Action": "s3:ListBucketMultipartUploads",
                    "Resource": f"{root}{name}",
                }
            )
    return statements


def ensure_role(
    session: "AwsSession",
    name: str,
    service: str,
    statements: Iterable[Statement],
    tags: Mapping[str, str],
) -> str:
    """Return the ARN of a role that a service may take on, made or brought up to date.

    Raises:
        ClientError: IAM refuses.
    """
    iam = session.client("iam")
    trust, document = trust_policy(service), policy(statements)
    labels = [{"Key": key, "Value": value} for key, value in tags.items()]
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        role = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=labels
        )["Role"]
    else:
        if role["AssumeRolePolicyDocument"] != trust:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        missing = [label for label in labels if label not in role.get("Tags", ())]
        if missing:
            iam.tag_role(RoleName=name, Tags=missing)
    if _policy_of(iam, name) != document:
        iam.put_role_policy(
            RoleName=name, PolicyName=POLICY_NAME, PolicyDocument=json.dumps(document)
        )
    return str(role["Arn"])


def _policy_of(iam: "IAMClient", role_name: str) -> Mapping[str, Any] | None:
    """Return the policy that a role got from here; None if it has none yet."""
    try:
        found = iam.get_role_policy(RoleName=role_name, PolicyName=POLICY_NAME)
    except iam.exceptions.NoSuchEntityException:
        return None
    # The SDK has decoded it, though its types say that it is text.
    return cast("Mapping[str, Any]", found["PolicyDocument"])


def _pattern(bucket: "Bucket") -> str:
    """Return a bucket's path as IAM's patterns say it."""
    for character in GLOB_CHARACTERS:
        if character in bucket.path:
            return bucket.path.partition(character)[0] + "*"
    return f"{bucket.path}*" if bucket.path == "" or bucket.path.endswith("/") else bucket.path
