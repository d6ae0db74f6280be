"""What roles may do: enough, and no more."""

import json
from typing import Any

import pytest

from glacier import Bucket, Provider
from glacier.access import Access
from glacier.config import AwsConfig, LocalConfig, S3Config
from glacier_aws.iam import (
    TERRAFORM_POLICY_NAME,
    Statement,
    bucket_statements,
    ensure_role,
    partition_of,
    policy,
)
from glacier_aws.session import AwsSession, session_of
from tests.rigs.aws.server import AwsServer

REGION = "eu-central-1"
KEY_ARN = f"arn:aws:kms:{REGION}:123456789012:key/1234abcd"


@pytest.fixture
def provider() -> Provider:
    return Provider(AwsConfig(region=REGION))


def reading(*buckets: Bucket) -> list[Statement]:
    return bucket_statements(Access(buckets, ()), REGION)


def writing(*buckets: Bucket) -> list[Statement]:
    return bucket_statements(Access((), buckets), REGION)


def test_file_is_read_by_its_name_and_missed_without_an_error(provider: Provider) -> None:
    statements = reading(provider.bucket("lake", "raw/sales.parquet"))

    assert statements == [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::lake/raw/sales.parquet"],
        },
        {
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": "arn:aws:s3:::lake",
            "Condition": {"StringLike": {"s3:prefix": ["raw/sales.parquet", "raw/sales.parquet/"]}},
        },
    ]


@pytest.mark.parametrize(
    ("path", "format", "objects", "prefix"),
    [
        ("", None, "*", "*"),
        ("raw/", None, "raw/*", "raw/*"),
        ("raw/part-*.parquet", None, "raw/part-*", "raw/*"),
        ("raw/**/[ab].csv", None, "raw/*", "raw/*"),
        ("tables/sales", "delta", "tables/sales/*", "tables/sales/*"),
        ("tables/sales/", "iceberg", "tables/sales/*", "tables/sales/*"),
    ],
)
def test_dataset_is_overwritten_below_its_prefix_alone(
    path: str, format: str | None, objects: str, prefix: str, provider: Provider
) -> None:
    objects_statement, listing, uploads = writing(provider.bucket("lake", path, format))

    assert objects_statement == {
        "Effect": "Allow",
        "Action": ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
        "Resource": [f"arn:aws:s3:::lake/{objects}"],
    }
    assert listing["Condition"] == {"StringLike": {"s3:prefix": [prefix]}}
    assert uploads == {
        "Effect": "Allow",
        "Action": "s3:ListBucketMultipartUploads",
        "Resource": ["arn:aws:s3:::lake"],
    }


def test_what_is_read_and_written_stands_there_once(provider: Provider) -> None:
    bucket = provider.bucket("lake", "raw/")

    statements = bucket_statements(Access((bucket,), (bucket,)), REGION)

    assert [one["Action"] for one in statements].count(["s3:GetObject"]) == 0


def test_buckets_of_other_platforms_get_no_rights() -> None:
    assert reading(Provider(LocalConfig(base_path="data")).bucket("lake", "raw/")) == []


@pytest.mark.parametrize(
    ("key", "resource", "condition"),
    [
        (KEY_ARN, KEY_ARN, None),
        ("1234abcd", f"arn:aws:kms:{REGION}:*:key/1234abcd", None),
        ("alias/lake", f"arn:aws:kms:{REGION}:*:key/*", "alias/lake"),
        (
            f"arn:aws:kms:{REGION}:123456789012:alias/lake",
            f"arn:aws:kms:{REGION}:*:key/*",
            "alias/lake",
        ),
    ],
)
def test_bucket_with_a_key_needs_that_key(
    key: str, resource: str, condition: str | None, provider: Provider
) -> None:
    provider.bucket("lake", "hot/", config=S3Config(encryption="aws:kms", kms_key_id=key))
    bucket = provider.bucket("lake", "raw/")

    *_, read = reading(bucket)
    *_, write = writing(bucket)

    assert read["Action"] == ["kms:Decrypt"]
    assert write["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert read["Resource"] == write["Resource"] == resource
    wanted = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": condition}}
    assert read.get("Condition") == (None if condition is None else wanted)


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_partition_is_that_of_the_region(region: str, partition: str) -> None:
    assert partition_of(region) == partition


def test_role_is_made_and_brought_up_to_date(aws_server: AwsServer) -> None:
    session = session_of(aws_server.config())
    service = "glue.amazonaws.com"

    made = ensure_role(session, "up-to-date", service, [_allowed("s3:GetObject")], {})
    again = ensure_role(session, "up-to-date", service, [_allowed("s3:PutObject")], {"a": "b"})

    iam = session.client("iam")
    policy = iam.get_role_policy(RoleName="up-to-date", PolicyName="glacier")["PolicyDocument"]
    assert made == again
    assert policy["Statement"] == [_allowed("s3:PutObject")]
    assert iam.list_role_tags(RoleName="up-to-date")["Tags"] == [{"Key": "a", "Value": "b"}]


def test_role_that_another_process_makes_meanwhile_is_brought_up_to_date(
    aws_server: AwsServer,
) -> None:
    session = AwsSession(aws_server.config())
    ours, theirs = session.client("iam"), AwsSession(aws_server.config()).client("iam")

    def make_first(**_: object) -> None:
        theirs.create_role(RoleName="made-meanwhile", AssumeRolePolicyDocument="{}")

    ours.meta.events.register("before-call.iam.CreateRole", make_first)
    made = ensure_role(
        session, "made-meanwhile", "glue.amazonaws.com", [_allowed("s3:GetObject")], {}
    )

    assert made == theirs.get_role(RoleName="made-meanwhile")["Role"]["Arn"]
    assert theirs.list_role_policies(RoleName="made-meanwhile")["PolicyNames"] == ["glacier"]


def test_role_of_terraform_is_left_as_it_is(aws_server: AwsServer) -> None:
    session = session_of(aws_server.config())
    iam, service = session.client("iam"), "glue.amazonaws.com"
    made = ensure_role(session, "of-terraform", service, [_allowed("s3:GetObject")], {})
    iam.delete_role_policy(RoleName="of-terraform", PolicyName="glacier")
    document = json.dumps(policy([_allowed("s3:GetObject")]))
    iam.put_role_policy(
        RoleName="of-terraform", PolicyName=TERRAFORM_POLICY_NAME, PolicyDocument=document
    )

    found = ensure_role(session, "of-terraform", service, [_allowed("s3:PutObject")], {"a": "b"})

    assert found == made
    assert iam.list_role_policies(RoleName="of-terraform")["PolicyNames"] == [TERRAFORM_POLICY_NAME]
    assert iam.list_role_tags(RoleName="of-terraform")["Tags"] == []


def _allowed(action: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": "*"}
