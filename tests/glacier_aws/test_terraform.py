"""AWS's resources as blocks of Terraform."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from glacier import Provider
from glacier.config import AwsConfig, GlueConfig, LambdaConfig, S3Config
from glacier.errors import ContradictionError, TerraformError
from glacier.terraform.collect import collected
from tests.rigs.terraform import Terraform
from tests.rigs.terraform_schema import check_document
from tests.seed.seed import code, run

ACCOUNT = "123456789012"
REGION = "eu-central-1"
STAGING = f"glacier-staging-{ACCOUNT}-{REGION}"
SECRET = "wJalrGlacierTerraformSecret0123456789ab"


@pytest.fixture
def provider() -> Provider:
    """An account that nobody has to be asked about."""
    config = AwsConfig(region=REGION, account_id=ACCOUNT)
    return Provider(config, tags={"team": "data"})


def resources(provider: Provider, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = check_document(provider.terraform())["resource"].get(kind, {})
    return found


def echo(payload: dict[str, Any]) -> dict[str, Any]:
    return payload


def test_provider_block_has_region_and_identity_and_no_keys() -> None:
    config = AwsConfig(
        region=REGION,
        profile="staging",
        account_id=ACCOUNT,
        role_arn=f"arn:aws:iam::{ACCOUNT}:role/deploy",
        external_id="partner",
        access_key_id="AKIDGLACIERTERRAFORM",
        secret_access_key=SecretStr(SECRET),
        session_token=SecretStr(f"{SECRET}token"),
    )
    provider = Provider(config)
    provider.bucket("lake")

    document = provider.terraform()

    assert document.tree["provider"]["aws"] == {
        "region": REGION,
        "profile": "staging",
        "allowed_account_ids": [ACCOUNT],
        "assume_role": {
            "role_arn": f"arn:aws:iam::{ACCOUNT}:role/deploy",
            "external_id": "partner",
            "session_name": "glacier",
        },
    }
    assert document.tree["terraform"] == {
        "required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 5.100, < 7.0"}}
    }
    assert "AKIDGLACIERTERRAFORM" not in str(document)
    assert SECRET not in str(document)


def test_two_regions_are_one_document_with_their_own_of_everything() -> None:
    providers = []
    for region in ("eu-central-1", "us-east-1"):
        provider = Provider(AwsConfig(region=region, account_id=ACCOUNT))
        config = LambdaConfig(schedule="rate(1 hour)")
        provider.serverless(f"score-{region}", echo, config=config)
        provider.executor(f"etl-{region}", config=GlueConfig())
        providers.append(provider)

    tree = check_document(collected(*providers))

    first, second = tree["provider"]["aws"]
    here = f"aws.{second['alias']}"
    trusts = tree["data"]["aws_iam_policy_document"]
    functions = tree["resource"]["aws_lambda_function"]
    roles = tree["resource"]["aws_iam_role"]
    assert (first["region"], second["region"]) == ("eu-central-1", "us-east-1")
    assert "provider" not in functions["score-eu-central-1"]
    assert functions["score-us-east-1"]["provider"] == here
    assert trusts[f"lambda_amazonaws_com_{second['alias']}"]["provider"] == here
    role = roles["glacier-lambda-score-us-east-1-us-east-1"]["assume_role_policy"]
    assert f".lambda_amazonaws_com_{second['alias']}.json" in role


def test_provider_block_sends_every_service_to_an_endpoint() -> None:
    provider = Provider(AwsConfig(region=REGION, endpoint_url="http://127.0.0.1:1"))
    provider.bucket("lake")

    body = check_document(provider.terraform())["provider"]["aws"]

    assert set(body["endpoints"].values()) == {"http://127.0.0.1:1"}
    assert {"glue", "iam", "lambda", "s3", "sts"} < set(body["endpoints"])
    assert body["s3_use_path_style"] is True


def test_bucket_without_config_has_the_safe_defaults(provider: Provider) -> None:
    provider.bucket("lake", "sales.parquet")

    found = check_document(provider.terraform())["resource"]

    bucket = "${aws_s3_bucket.lake.id}"
    assert found == {
        "aws_s3_bucket": {"lake": {"bucket": "lake", "tags": {"team": "data"}}},
        "aws_s3_bucket_server_side_encryption_configuration": {
            "lake": {
                "bucket": bucket,
                "rule": {
                    "apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"},
                    "bucket_key_enabled": False,
                },
            }
        },
        "aws_s3_bucket_public_access_block": {
            "lake": {
                "bucket": bucket,
                "block_public_acls": True,
                "block_public_policy": True,
                "ignore_public_acls": True,
                "restrict_public_buckets": True,
            }
        },
    }


def test_bucket_has_a_block_for_everything_that_is_set(provider: Provider) -> None:
    config = S3Config(
        versioning=True,
        encryption="aws:kms",
        kms_key_id="alias/lake",
        public_access_block=False,
        cors=[{"allowed_origins": ["https://a.example"], "allowed_methods": ["GET"]}],
        lifecycle_rules=[
            {
                "id": "old",
                "tags": {"kind": "raw"},
                "transitions": [{"days": 30, "storage_class": "GLACIER"}],
                "expiration": {"date": "2030-01-31"},
                "noncurrent_version_expiration": {"days": 3, "newer_versions": 2},
            },
            {"id": "uploads", "enabled": False, "abort_incomplete_multipart_upload_days": 7},
        ],
        overrides={"force_destroy": True},
    )
    provider.bucket("lake", "raw/", config=config)

    found = check_document(provider.terraform())["resource"]

    assert found["aws_s3_bucket"]["lake"]["force_destroy"] is True
    assert found["aws_s3_bucket_versioning"]["lake"]["versioning_configuration"] == {
        "status": "Enabled"
    }
    assert found["aws_s3_bucket_server_side_encryption_configuration"]["lake"]["rule"] == {
        "apply_server_side_encryption_by_default": {
            "sse_algorithm": "aws:kms",
            "kms_master_key_id": "alias/lake",
        },
        "bucket_key_enabled": True,
    }
    assert found["aws_s3_bucket_public_access_block"]["lake"]["block_public_acls"] is False
    assert found["aws_s3_bucket_cors_configuration"]["lake"]["cors_rule"] == [
        {"allowed_origins": ["https://a.example"], "allowed_methods": ["GET"]}
    ]
    lifecycle = found["aws_s3_bucket_lifecycle_configuration"]["lake"]
    assert lifecycle["depends_on"] == ["aws_s3_bucket_versioning.lake"]
    assert lifecycle["rule"] == [
        {
            "id": "old",
            "status": "Enabled",
            "filter": {"and": {"prefix": "raw/", "tags": {"kind": "raw"}}},
            "transition": [{"days": 30, "storage_class": "GLACIER"}],
            "expiration": {"date": "2030-01-31T00:00:00Z"},
            "noncurrent_version_expiration": {
                "noncurrent_days": 3,
                "newer_noncurrent_versions": 2,
            },
        },
        {
            "id": "uploads",
            "status": "Disabled",
            "filter": {"prefix": "raw/"},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        },
    ]


def test_example_5_is_one_bucket_with_two_prefixed_lifecycle_rules() -> None:
    found = check_document(run(code("Example 5")).provider.terraform())["resource"]

    assert list(found["aws_s3_bucket"]) == ["analytics-data"]
    assert found["aws_s3_bucket_lifecycle_configuration"]["analytics-data"]["rule"] == [
        {
            "id": "archive-old-data",
            "status": "Enabled",
            "filter": {"prefix": "hot-data/"},
            "transition": [{"days": 30, "storage_class": "GLACIER"}],
        },
        {
            "id": "immediate-archive",
            "status": "Enabled",
            "filter": {"prefix": "archive/"},
            "transition": [{"days": 0, "storage_class": "DEEP_ARCHIVE"}],
        },
    ]


def test_contradicting_versioning_is_an_error_that_names_both_resources(
    provider: Provider,
) -> None:
    provider.bucket("lake", "hot/", config=S3Config(versioning=False))
    provider.bucket("lake", "cold/", config=S3Config(versioning=True))

    with pytest.raises(
        ContradictionError,
        match=r"Bucket\('lake', path='hot/'\) sets versioning=False and "
        r"Bucket\('lake', path='cold/'\) sets versioning=True",
    ):
        provider.terraform()


def test_secret_in_a_tag_is_an_error_that_names_field_and_block() -> None:
    config = AwsConfig(
        region=REGION, access_key_id="AKIDGLACIERTERRAFORM", secret_access_key=SecretStr(SECRET)
    )
    provider = Provider(config, tags={"owner": SECRET})
    provider.bucket("lake")

    with pytest.raises(TerraformError) as caught:
        provider.terraform()

    assert "the secret AwsConfig.secret_access_key, in aws_s3_bucket.lake.tags.owner" in (
        str(caught.value)
    )
    assert SECRET not in str(caught.value)


def test_function_is_what_deploy_asks_lambda_for(provider: Provider) -> None:
    config = LambdaConfig(
        memory_mb=1024,
        timeout_seconds=30,
        architecture="arm64",
        environment={"MODE": "${literal}"},
        reserved_concurrency=3,
        overrides={"EphemeralStorage": {"Size": 1024}, "Timeout": 31},
    )
    provider.serverless("echo", echo, config=config)

    found = check_document(provider.terraform())["resource"]

    file = "${path.module}/functions/echo.zip"
    role = f"glacier-lambda-echo-{REGION}"
    function = found["aws_lambda_function"]["echo"]
    assert function == {
        "function_name": "echo",
        "role": f"${{aws_iam_role.{role}.arn}}",
        "runtime": "python3.11",
        "handler": "glacier_lambda.handler",
        "memory_size": 1024,
        "timeout": 31,
        "architectures": ["arm64"],
        "environment": {"variables": {"MODE": "$${literal}"}},
        "ephemeral_storage": {"size": 1024},
        "reserved_concurrent_executions": 3,
        "s3_bucket": "${aws_s3_object.function_echo.bucket}",
        "s3_key": "${aws_s3_object.function_echo.key}",
        "source_code_hash": '${filebase64sha256("${path.module}/functions/echo.zip")}',
        "tags": {"team": "data"},
        "depends_on": ["aws_cloudwatch_log_group.echo", f"aws_iam_role_policy.{role}"],
    }
    assert found["aws_s3_object"]["function_echo"] == {
        "bucket": f"${{aws_s3_bucket.{STAGING}.id}}",
        "key": f'functions/${{filesha256("{file}")}}.zip',
        "source": file,
    }
    assert found["aws_cloudwatch_log_group"]["echo"]["name"] == "/aws/lambda/echo"


def test_function_has_its_url_and_its_schedule(provider: Provider) -> None:
    config = LambdaConfig(url=True, schedule="rate(1 hour)")
    provider.serverless("echo", echo, config=config)

    found = check_document(provider.terraform())["resource"]

    name = "glacier-echo-schedule"
    assert found["aws_lambda_function_url"]["echo"]["authorization_type"] == "AWS_IAM"
    assert found["aws_cloudwatch_event_rule"][name]["schedule_expression"] == "rate(1 hour)"
    assert found["aws_cloudwatch_event_target"][name]["arn"] == "${aws_lambda_function.echo.arn}"
    assert found["aws_lambda_permission"][name]["source_arn"] == (
        f"${{aws_cloudwatch_event_rule.{name}.arn}}"
    )


def test_job_is_what_a_submission_asks_glue_for(provider: Provider) -> None:
    config = GlueConfig(
        worker_type="G.2X",
        num_workers=5,
        connections=["warehouse"],
        overrides={"DefaultArguments": {"--Own-Case": "1"}, "MaxRetries": 2},
    )
    provider.executor("etl", config=config)

    found = check_document(provider.terraform())["resource"]

    (script,) = found["aws_s3_object"]
    assert found["aws_glue_job"]["etl"] == {
        "name": "etl",
        "role_arn": f"${{aws_iam_role.glacier-glue-etl-{REGION}.arn}}",
        "command": {
            "name": "glueetl",
            "python_version": "3",
            "script_location": f"s3://${{aws_s3_object.{script}.bucket}}/"
            f"${{aws_s3_object.{script}.key}}",
        },
        "glue_version": "5.0",
        "worker_type": "G.2X",
        "number_of_workers": 5,
        "timeout": 480,
        "max_retries": 2,
        "execution_class": "STANDARD",
        "execution_property": {"max_concurrent_runs": 50},
        "job_run_queuing_enabled": True,
        "connections": ["warehouse"],
        "default_arguments": {
            "--job-language": "python",
            "--job-bookmark-option": "job-bookmark-disable",
            "--Own-Case": "1",
        },
        "tags": {"team": "data"},
        "depends_on": [f"aws_iam_role_policy.glacier-glue-etl-{REGION}"],
    }
    assert list(found["aws_s3_bucket"]) == [STAGING]


def test_staging_that_the_provider_names_is_the_one() -> None:
    config = AwsConfig(region=REGION, account_id=ACCOUNT)
    provider = Provider(config, staging="lake/glacier")
    provider.bucket("lake", "raw/", config=S3Config(versioning=True))
    provider.executor("etl", config=GlueConfig())
    provider.serverless("echo", echo)

    found = check_document(provider.terraform())["resource"]

    assert list(found["aws_s3_bucket"]) == ["lake"]
    assert list(found["aws_s3_bucket_versioning"]) == ["lake"]
    keys = [one["key"] for one in found["aws_s3_object"].values()]
    assert sorted(key.partition("-")[0].partition("$")[0] for key in keys) == [
        "glacier/functions/",
        "glacier/jobs/glue/launcher",
    ]


def test_role_of_the_config_is_used_and_none_is_made(provider: Provider) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/own"
    provider.serverless("echo", echo, config=LambdaConfig(role_arn=role))
    provider.serverless("other", echo, config=LambdaConfig(overrides={"Role": role}))
    provider.executor("etl", config=GlueConfig(role_arn=role))

    document = provider.terraform()

    found = document.tree["resource"]
    assert {one["role"] for one in found["aws_lambda_function"].values()} == {role}
    assert found["aws_glue_job"]["etl"]["role_arn"] == role
    assert "aws_iam_role" not in found
    assert document.notes == ()


def test_account_that_nobody_tells_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    provider = Provider(AwsConfig(region=REGION))
    provider.executor("etl", config=GlueConfig())

    with pytest.raises(TerraformError, match=r'Set AwsConfig\(account_id="..."\) or AWS_ACCOUNT'):
        provider.terraform()


def test_document_is_the_same_every_time(provider: Provider) -> None:
    provider.bucket("lake", "raw/")
    provider.serverless("echo", echo)
    provider.executor("etl", config=GlueConfig())

    assert str(provider.terraform()) == str(provider.terraform())
    assert json.loads(str(provider.terraform())) == check_document(provider.terraform())


def test_terraform_loads_what_is_written_and_finds_it_formatted(
    terraform: Terraform, provider: Provider, tmp_path: Path
) -> None:
    provider.bucket("lake", "raw/", config=S3Config(versioning=True))
    provider.executor("etl", config=GlueConfig())
    provider.write_terraform(tmp_path)

    found = terraform.load(tmp_path)

    assert found == ["hashicorp/aws"]
    terraform.check_format(tmp_path)


def test_role_without_pipelines_says_that_it_is_wide(provider: Provider) -> None:
    provider.bucket("lake", "raw/", schema={"n": pl.Int64})
    provider.executor("etl", config=GlueConfig())

    document = provider.terraform()

    reason = "it may read and write all declared buckets, since no pipeline was given"
    name = f"glacier-glue-etl-{REGION}"
    (note,) = document.notes
    assert note.startswith(f"Executor('etl'): {reason}")
    assert note in document.tree["//"]
    assert reason in document.tree["resource"]["aws_iam_role_policy"][name]["//"]
