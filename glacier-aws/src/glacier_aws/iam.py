"""Roles for functions and jobs, which may do what they have to and no more.

The statements are pure functions of what is touched, so that `deploy()` and Terraform give the
same rights.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from glacier.claims import claims_on, settled
from glacier.fsspec_tree import fixed_directory
from glacier.storage import fixed_part, is_glob
from glacier_aws.config import AwsConfig
from glacier_aws.storage.settings import bucket_settings

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient

    from glacier.access import Access
    from glacier.resources import Bucket
    from glacier_aws.session import AwsSession

Statement = dict[str, Any]
"""One statement of a policy, as JSON has it."""

POLICY_NAME = "glacier"
"""The policy that `deploy()` and submissions give to the roles that they make."""

TERRAFORM_POLICY_NAME = "glacier-terraform"
"""The policy that Terraform gives to the same roles: one that has it is Terraform's."""

_LONGEST_NAME = 64
_READ = ["s3:GetObject"]
_WRITE = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
_USE_KEY = {"kms:Decrypt", "kms:GenerateDataKey"}


def partition_of(region: str) -> str:
    """Return the partition that a region's ARNs name."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def role_name(kind: str, name: str, region: str) -> str:
    """Return the name of the role that is made for a resource whose config names none.

    Roles are those of the whole account, and their rights those of one region: without the region
    in its name, a role would lose its rights to a resource of the same name in another one.

    Args:
        kind: What the resource is, such as `lambda`.
        name: Its name.
        region: Its region.
    """
    return short_name(f"glacier-{kind}-{name}-{region}")


def short_name(name: str) -> str:
    """Return a name as IAM and EventBridge take it; one that had to change keeps a digest."""
    safe = re.sub(r"[^A-Za-z0-9+=,.@_-]", "-", name)
    if safe == name and len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    return f"{safe[: _LONGEST_NAME - 9]}-{digest}"


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
    """Return the rights to read and write some buckets' paths; buckets of other platforms aside.

    `ListBucket` is among them, limited to the paths: without it S3 answers 403 for what is
    merely not there. So are the rights to use the keys of buckets that have one.
    """
    reads, writes = (_on_s3(buckets) for buckets in (access.reads, access.writes))
    if not (reads or writes):
        return []
    root = f"arn:{partition_of(region)}:s3:::"
    written = _objects(writes)
    by_actions = ((_READ, _objects(reads) - written), (_WRITE, written))
    statements = [
        _allowed(actions, sorted(f"{root}{one}" for one in objects))
        for actions, objects in by_actions
        if objects
    ]
    prefixes: dict[str, set[str]] = {}
    for one in (*reads, *writes):
        prefixes.setdefault(one.bucket_name, set()).update(_prefixes(one))
    for name, patterns in sorted(prefixes.items()):
        condition = {"StringLike": {"s3:prefix": sorted(patterns)}}
        statements.append({**_allowed("s3:ListBucket", f"{root}{name}"), "Condition": condition})
    if writes:
        names = sorted({f"{root}{one.bucket_name}" for one in writes})
        statements.append(_allowed("s3:ListBucketMultipartUploads", names))
    return [*statements, *_key_statements(reads, writes, region)]


def ensure_role(
    session: "AwsSession",
    name: str,
    service: str,
    statements: Iterable[Statement],
    tags: Mapping[str, str],
) -> str:
    """Return the ARN of a role that a service may take on, made or brought up to date.

    One that Terraform has given its rights is left as it is: it knows more of what is needed.

    Raises:
        ClientError: IAM refuses.
    """
    iam = session.client("iam")
    trust, document = trust_policy(service), policy(statements)
    labels = [{"Key": key, "Value": value} for key, value in tags.items()]
    policies: list[str] = []
    try:
        role = iam.get_role(RoleName=name)["Role"]
    except iam.exceptions.NoSuchEntityException:
        try:
            role = iam.create_role(
                RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=labels
            )["Role"]
        except iam.exceptions.EntityAlreadyExistsException:
            # By another process just now, or by a request of this one whose answer was lost.
            role = iam.get_role(RoleName=name)["Role"]
    else:
        policies = iam.list_role_policies(RoleName=name)["PolicyNames"]
        if TERRAFORM_POLICY_NAME in policies:
            return str(role["Arn"])
        if role["AssumeRolePolicyDocument"] != trust:
            iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
        missing = [label for label in labels if label not in role.get("Tags", ())]
        if missing:
            iam.tag_role(RoleName=name, Tags=missing)
    if POLICY_NAME not in policies or _policy_of(iam, name) != document:
        iam.put_role_policy(
            RoleName=name, PolicyName=POLICY_NAME, PolicyDocument=json.dumps(document)
        )
    return str(role["Arn"])


def _policy_of(iam: "IAMClient", role_name: str) -> Mapping[str, Any]:
    """Return the policy that a role got from here."""
    found = iam.get_role_policy(RoleName=role_name, PolicyName=POLICY_NAME)
    # The SDK has decoded it, though its types say that it is text.
    return cast("Mapping[str, Any]", found["PolicyDocument"])


def _on_s3(buckets: "Iterable[Bucket]") -> "list[Bucket]":
    return [one for one in buckets if isinstance(one.provider.config, AwsConfig)]


def _objects(buckets: "Iterable[Bucket]") -> set[str]:
    """Return the names of buckets' objects, with the bucket first, as IAM's patterns say them."""
    return {f"{one.bucket_name}/{_pattern(one)}" for one in buckets}


def _pattern(bucket: "Bucket") -> str:
    """Return which objects a bucket's path can mean, as IAM's patterns say it."""
    if is_glob(bucket.path):
        return f"{fixed_part(bucket.path)}*"
    if bucket.is_table and not bucket.path.endswith("/"):
        return f"{bucket.path}/*"
    return f"{bucket.path}*" if bucket.is_dataset else bucket.path


def _prefixes(bucket: "Bucket") -> set[str]:
    """Return what is listed to find a bucket's objects, or to find that there are none."""
    if is_glob(bucket.path):
        return {f"{fixed_directory(bucket.path)}*"}
    if bucket.is_dataset or bucket.is_table:
        return {_pattern(bucket)}
    return {bucket.path, f"{bucket.path}/"}  # s3fs looks whether a file is a directory


def _key_statements(
    reads: "Iterable[Bucket]", writes: "Iterable[Bucket]", region: str
) -> list[Statement]:
    """Return the rights to use the keys of KMS that buckets have; AWS's own key needs none."""
    uses: dict[str, set[str]] = {}
    for actions, buckets in (({"kms:Decrypt"}, reads), (_USE_KEY, writes)):
        for bucket in buckets:
            if key := _key_of(bucket):
                uses.setdefault(key, set()).update(actions)
    return [_key_statement(key, sorted(actions), region) for key, actions in sorted(uses.items())]


def _key_of(bucket: "Bucket") -> str | None:
    claims = claims_on(bucket.provider, "bucket", bucket.bucket_name)
    return bucket_settings(bucket.bucket_name, settled(claims)).kms_key_id


def _key_statement(key: str, actions: list[str], region: str) -> Statement:
    keys = f"arn:{partition_of(region)}:kms:{region}:*:key/"
    alias = key.rpartition(":")[2]
    if alias.startswith("alias/"):
        # Rights are never given to an alias, but to the keys that have it.
        condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": alias}}
        return {**_allowed(actions, f"{keys}*"), "Condition": condition}
    return _allowed(actions, key if key.startswith("arn:") else f"{keys}{key}")


def _allowed(actions: str | list[str], resources: str | list[str]) -> Statement:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}
