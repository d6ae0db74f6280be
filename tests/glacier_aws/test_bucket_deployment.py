"""Deploying buckets: what S3 holds afterwards, and after a change."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

from glacier import Provider
from glacier.claims import claims_on, settled
from glacier.errors import AccessDeniedError, ContradictionError, StorageError
from glacier.jobs.staging import prepared_staging
from glacier_aws.config import S3Config
from glacier_aws.storage.deployment import tags_after
from glacier_aws.storage.settings import bucket_settings
from tests.rigs.aws.server import ACCESS_KEY, REGION, SECRET_KEY, AwsServer

ARCHIVE = {"id": "archive-old-data", "transition": {"days": 30, "storage_class": "GLACIER"}}
FREEZE = {"id": "immediate-archive", "transition": {"days": 0, "storage_class": "DEEP_ARCHIVE"}}
OPEN = {"allowed_origins": ["https://example.com"], "allowed_methods": ["GET", "HEAD"]}
BLOCKED = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
OTHER_ACCOUNT = "arn:aws:iam::999999999999:role/other"


@pytest.fixture
def s3(aws_server: AwsServer) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=aws_server.endpoint,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY,
        aws_secret_access_key=SECRET_KEY,
    )


@pytest.fixture
def name() -> str:
    return f"lake-{uuid4().hex}"


def told(answer: Mapping[str, Any], *names: str) -> Any:
    """Return a part of an answer; None where S3 has no such setting."""
    found: Any = answer
    for one in names:
        found = found.get(one) if found is not None else None
    return found


def stored(s3: Any, name: str) -> dict[str, Any]:
    """Return all settings that S3 has of a bucket; None for one that is not set."""
    asked = {
        "region": ("get_bucket_location", "LocationConstraint"),
        "versioning": ("get_bucket_versioning", "Status"),
        "encryption": ("get_bucket_encryption", "ServerSideEncryptionConfiguration", "Rules"),
        "public": ("get_public_access_block", "PublicAccessBlockConfiguration"),
        "lifecycle": ("get_bucket_lifecycle_configuration", "Rules"),
        "cors": ("get_bucket_cors", "CORSRules"),
        "tags": ("get_bucket_tagging", "TagSet"),
    }
    found = {}
    for setting, (call, *names) in asked.items():
        try:
            found[setting] = told(getattr(s3, call)(Bucket=name), *names)
        except ClientError as error:
            if not error.response["Error"]["Code"].startswith("NoSuch"):
                raise
            found[setting] = None
    return found


def encrypted(algorithm: str, *, key: str | None = None, bucket_key: bool) -> list[Any]:
    default = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": key} if key else {})
    return [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bucket_key}]


DEFAULTS = {
    "region": None,
    "versioning": None,
    "encryption": encrypted("AES256", bucket_key=False),
    "public": BLOCKED,
    "lifecycle": None,
    "cors": None,
    "tags": None,
}


def test_bucket_without_config_is_safe(provider: Provider, s3: Any, name: str) -> None:
    provider.bucket(name).deploy()

    assert stored(s3, name) == DEFAULTS


def test_every_setting_is_deployed_and_again_without_a_change(
    aws_server: AwsServer, s3: Any, name: str
) -> None:
    provider = Provider(config=aws_server.config(), tags={"team": "data"})
    config = S3Config(
        versioning=True,
        encryption="aws:kms",
        kms_key_id="alias/lake",
        lifecycle_rules=[ARCHIVE],
        public_access_block=False,
        cors=[OPEN],
    )
    bucket = provider.bucket(name, "hot-data/", config=config)

    bucket.deploy()
    first = stored(s3, name)
    bucket.deploy()

    assert first == {
        "region": None,
        "versioning": "Enabled",
        "encryption": encrypted("aws:kms", key="alias/lake", bucket_key=True),
        "public": dict.fromkeys(BLOCKED, False),
        "lifecycle": [
            {
                "ID": "archive-old-data",
                "Status": "Enabled",
                "Filter": {"Prefix": "hot-data/"},
                "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}],
            }
        ],
        "cors": [{"AllowedMethods": ["GET", "HEAD"], "AllowedOrigins": ["https://example.com"]}],
        "tags": [{"Key": "team", "Value": "data"}],
    }
    assert stored(s3, name) == first


def test_settings_that_nobody_names_any_more_are_reset(
    aws_server: AwsServer, s3: Any, name: str
) -> None:
    config = S3Config(versioning=True, encryption="aws:kms", lifecycle_rules=[ARCHIVE], cors=[OPEN])
    before = Provider(config=aws_server.config(), tags={"team": "data"})
    before.bucket(name, config=config).deploy()

    Provider(config=aws_server.config()).bucket(name, config=S3Config()).deploy()

    assert stored(s3, name) == {**DEFAULTS, "versioning": "Suspended"}


def test_settings_are_changed_in_place(aws_server: AwsServer, s3: Any, name: str) -> None:
    Provider(config=aws_server.config(), tags={"team": "data"}).bucket(name).deploy()
    s3.put_object(Bucket=name, Key="kept", Body=b"kept")
    after = Provider(config=aws_server.config(), tags={"team": "sales"})
    dsse = S3Config(encryption="aws:kms:dsse", lifecycle_rules=[FREEZE])

    after.bucket(name, config=dsse).deploy()

    found = stored(s3, name)
    assert found["encryption"] == encrypted("aws:kms:dsse", bucket_key=False)
    assert [rule["ID"] for rule in found["lifecycle"]] == ["immediate-archive"]
    assert found["tags"] == [{"Key": "team", "Value": "sales"}]
    assert s3.get_object(Bucket=name, Key="kept")["Body"].read() == b"kept"


def test_every_action_of_a_lifecycle_rule_is_deployed(
    provider: Provider, s3: Any, name: str
) -> None:
    rules: list[dict[str, Any]] = [
        {
            "id": "all",
            "enabled": False,
            "prefix": "tmp/",
            "tags": {"kind": "scratch"},
            "transitions": [
                {"days": 30, "storage_class": "STANDARD_IA"},
                {"days": 90, "storage_class": "GLACIER"},
            ],
            "expiration": {"days": 400},
            "noncurrent_version_transitions": [{"days": 7, "storage_class": "GLACIER"}],
            "noncurrent_version_expiration": {"days": 90},
        },
        {"id": "uploads", "abort_incomplete_multipart_upload_days": 2},
        {"id": "markers", "expiration": {"expired_object_delete_marker": True}},
    ]

    provider.bucket(name, config=S3Config(lifecycle_rules=rules)).deploy()

    tag = {"Key": "kind", "Value": "scratch"}
    assert stored(s3, name)["lifecycle"] == [
        {
            "ID": "all",
            "Status": "Disabled",
            "Filter": {"And": {"Prefix": "tmp/", "Tags": [tag]}},
            "Transitions": [
                {"Days": 30, "StorageClass": "STANDARD_IA"},
                {"Days": 90, "StorageClass": "GLACIER"},
            ],
            "Expiration": {"Days": 400},
            "NoncurrentVersionTransitions": [{"NoncurrentDays": 7, "StorageClass": "GLACIER"}],
            "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
        },
        {
            "ID": "uploads",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2},
        },
        {
            "ID": "markers",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
        },
    ]


def test_two_paths_are_one_bucket_with_the_rules_of_both(
    provider: Provider, s3: Any, name: str
) -> None:
    hot = provider.bucket(
        name, "hot-data/", config=S3Config(versioning=False, lifecycle_rules=[ARCHIVE])
    )
    cold = provider.bucket(name, "archive/", config=S3Config(lifecycle_rules=[FREEZE]))

    hot.deploy()
    after_hot = stored(s3, name)["lifecycle"]
    cold.deploy()

    found = [(rule["ID"], rule["Filter"]["Prefix"]) for rule in stored(s3, name)["lifecycle"]]
    assert found == [("archive-old-data", "hot-data/"), ("immediate-archive", "archive/")]
    assert stored(s3, name)["lifecycle"] == after_hot


def test_contradicting_versioning_is_an_error_that_names_both(
    provider: Provider, name: str
) -> None:
    provider.bucket(name, "hot/", config=S3Config(versioning=True))
    cold = provider.bucket(name, "cold/", config=S3Config(versioning=False))

    with pytest.raises(ContradictionError, match=r"'hot/'.*versioning=True.*'cold/'.*=False"):
        cold.deploy()

    assert not Provider(config=provider.config).bucket(name).exists()


def test_part_of_a_bucket_is_deployed_as_the_whole(provider: Provider, s3: Any, name: str) -> None:
    whole = provider.bucket(name, config=S3Config(lifecycle_rules=[ARCHIVE]))

    (whole / "sub/").deploy()

    assert [rule["Filter"]["Prefix"] for rule in stored(s3, name)["lifecycle"]] == [""]


def test_bucket_is_made_in_the_region_of_its_provider(
    aws_server: AwsServer, s3: Any, name: str
) -> None:
    Provider(config=aws_server.config(region="eu-west-1")).bucket(name).deploy()

    assert stored(s3, name)["region"] == "eu-west-1"


def test_bucket_of_another_region_is_left_alone(aws_server: AwsServer, s3: Any, name: str) -> None:
    Provider(config=aws_server.config(region="eu-west-1")).bucket(name).deploy()
    here = Provider(config=aws_server.config())

    with pytest.raises(StorageError, match=r"is in the region 'eu-west-1'.*says 'us-east-1'"):
        here.bucket(name, config=S3Config(versioning=True)).deploy()

    assert stored(s3, name)["versioning"] is None


def test_overrides_go_into_the_request(provider: Provider, s3: Any, name: str) -> None:
    config = S3Config(
        versioning=True, overrides={"ObjectLockEnabledForBucket": True, "force_destroy": True}
    )

    provider.bucket(name, config=config).deploy()

    found = s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]
    assert found["ObjectLockEnabled"] == "Enabled"


def test_overrides_of_the_configuration_leave_the_region(
    aws_server: AwsServer, s3: Any, name: str
) -> None:
    there = Provider(config=aws_server.config(region="eu-west-1"))
    tags = {"CreateBucketConfiguration": {"Tags": [{"Key": "team", "Value": "sales"}]}}

    there.bucket(name, config=S3Config(overrides=tags)).deploy()

    assert stored(s3, name)["region"] == "eu-west-1"


def test_tags_of_aws_itself_stay(provider: Provider, name: str) -> None:
    provider.bucket(name, config=S3Config())
    settings = bucket_settings(name, settled(claims_on(provider, "bucket", name)))
    present = {"aws:cloudformation:stack-name": "lake", "team": "sales"}

    assert tags_after(present, {"team": "data"}, settings) == {**present, "team": "data"}
    assert tags_after(present, {}, settings) == {"aws:cloudformation:stack-name": "lake"}


def test_bucket_that_no_config_describes_keeps_what_it_has(
    aws_server: AwsServer, s3: Any, name: str
) -> None:
    """Somebody else has set it up, and it is there to be read."""
    theirs = S3Config(versioning=True, lifecycle_rules=[ARCHIVE], cors=[OPEN])
    Provider(config=aws_server.config(), tags={"owner": "ops"}).bucket(name, config=theirs).deploy()
    before = stored(s3, name)
    ours = Provider(config=aws_server.config(), tags={"team": "data"})
    bucket = ours.bucket(name, "raw/")

    found = [str(one) for one in ours.drift()]
    bucket.deploy()

    tags = [{"Key": "owner", "Value": "ops"}, {"Key": "team", "Value": "data"}]
    assert stored(s3, name) == {**before, "tags": tags}
    assert [one.partition(" is ")[0] for one in found] == [f"bucket '{name}': tags"]
    assert ours.drift() == ()


def test_bucket_of_another_account_is_left_alone(
    aws_server: AwsServer, provider: Provider, name: str
) -> None:
    Provider(config=aws_server.config(role_arn=OTHER_ACCOUNT)).bucket(name).deploy()

    with pytest.raises(AccessDeniedError, match="belongs to another AWS account"):
        provider.bucket(name).deploy()


def test_default_staging_is_made_once_and_privately(
    aws_server: AwsServer, provider: Provider, s3: Any
) -> None:
    staging = prepared_staging(provider)
    aws_server.requests(forget=True)
    prepared_staging(provider)

    assert {one["method"] for one in aws_server.requests()} == {"HEAD"}
    assert staging.get_uri() == "s3://glacier-staging-123456789012-us-east-1/jobs/"
    assert stored(s3, staging.bucket_name) == DEFAULTS


def test_default_staging_of_another_account_is_refused(aws_server: AwsServer) -> None:
    squatted = "glacier-staging-123456789012-eu-north-1"
    squatter = aws_server.config(role_arn=OTHER_ACCOUNT, region="eu-north-1")
    Provider(config=squatter).bucket(squatted).deploy()

    with pytest.raises(AccessDeniedError, match=f"{squatted}' belongs to another AWS account"):
        prepared_staging(Provider(config=aws_server.config(region="eu-north-1")))
