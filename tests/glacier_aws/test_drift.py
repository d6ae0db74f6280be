"""What AWS has, compared with configs: named setting by setting, and gone after a deployment."""

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from glacier import Provider
from glacier_aws.config import GlueConfig, S3Config
from tests.glacier_aws.glue import client
from tests.glacier_aws.lambda_functions import deployed
from tests.projects import Project
from tests.rigs.aws.server import AwsServer

ARCHIVE = {"id": "archive", "transition": {"days": 30, "storage_class": "GLACIER"}}


@pytest.fixture
def provider(aws_server: AwsServer) -> Provider:
    return Provider(config=aws_server.config(), tags={"team": "data"})


@pytest.fixture
def s3(aws_server: AwsServer) -> Any:
    return client(aws_server, "s3")


@pytest.fixture
def glue(aws_server: AwsServer) -> Any:
    return client(aws_server, "glue")


def name() -> str:
    return f"lake-{uuid4().hex[:12]}"


BEHIND: dict[str, tuple[Callable[[Any, str], object], str]] = {
    "versioning": (
        lambda s3, lake: s3.put_bucket_versioning(
            Bucket=lake, VersioningConfiguration={"Status": "Suspended"}
        ),
        "versioning is False and should be True",
    ),
    "lifecycle": (
        lambda s3, lake: s3.delete_bucket_lifecycle(Bucket=lake),
        r"lifecycle_rules is None and should be \[\{'ID': 'archive'",
    ),
    "public access": (
        lambda s3, lake: s3.delete_public_access_block(Bucket=lake),
        r"public_access_block is None and should be \{'BlockPublicAcls': True",
    ),
    "encryption": (
        lambda s3, lake: s3.put_bucket_encryption(
            Bucket=lake,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
        ),
        r"encryption\..*\.SSEAlgorithm is 'aws:kms' and should be 'AES256'",
    ),
    "cors": (
        lambda s3, lake: s3.put_bucket_cors(
            Bucket=lake,
            CORSConfiguration={"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]},
        ),
        r"cors is \[.*\] and should be \[\]",
    ),
    "tags": (
        lambda s3, lake: s3.put_bucket_tagging(
            Bucket=lake, Tagging={"TagSet": [{"Key": "team", "Value": "others"}]}
        ),
        r"tags is \{'team': 'others'\} and should be \{'team': 'data'\}",
    ),
}


@pytest.mark.parametrize("setting", BEHIND)
def test_setting_of_a_bucket_that_somebody_changed_is_named(
    provider: Provider, s3: Any, setting: str
) -> None:
    lake, (change, says) = name(), BEHIND[setting]
    bucket = provider.bucket(lake, config=S3Config(versioning=True, lifecycle_rules=[ARCHIVE]))
    bucket.deploy()
    before = provider.drift()
    change(s3, lake)

    (found,) = provider.drift()

    assert before == ()
    assert found.thing == f"bucket {lake!r}"
    assert re.search(says, str(found))
    provider.deploy()
    assert provider.drift() == ()


def test_bucket_that_is_not_there_is_missing_and_made(provider: Provider) -> None:
    lake = name()
    provider.bucket(lake, "a/")
    provider.bucket(lake, "b/", config=S3Config(versioning=True))

    found = provider.drift()
    done = provider.deploy()

    assert [str(one) for one in found] == [f"bucket '{lake}' is missing"]
    assert done.changes == found
    assert provider.drift() == ()


def test_glue_job_that_somebody_changed_is_named(provider: Provider, glue: Any) -> None:
    job = f"etl-{uuid4().hex[:8]}"
    provider.executor(job, config=GlueConfig(num_workers=2))
    provider.deploy()
    known = glue.get_job(JobName=job)["Job"]
    glue.update_job(
        JobName=job,
        JobUpdate={"Role": known["Role"], "Command": known["Command"], "NumberOfWorkers": 9},
    )

    found = {one.setting: (one.wanted, one.found) for one in provider.drift()}

    assert found["NumberOfWorkers"] == (2, 9)
    provider.deploy()
    assert provider.drift() == ()


LAMBDA_BEHIND: dict[str, tuple[Callable[[Any, str], object], str]] = {
    "memory": (
        lambda lambdas, name: lambdas.update_function_configuration(
            FunctionName=name, MemorySize=1024
        ),
        "MemorySize is 1024 and should be 512",
    ),
    "variables": (
        lambda lambdas, name: lambdas.update_function_configuration(
            FunctionName=name, Environment={"Variables": {"STAGE": "other"}}
        ),
        r"Environment\.STAGE is 'another value' and should be 'test'",
    ),
    "concurrency": (
        lambda lambdas, name: lambdas.put_function_concurrency(
            FunctionName=name, ReservedConcurrentExecutions=7
        ),
        "reserved_concurrency is 7 and should be None",
    ),
    "address": (
        lambda lambdas, name: lambdas.create_function_url_config(
            FunctionName=name, AuthType="NONE"
        ),
        "url is True and should be False",
    ),
}


@pytest.mark.parametrize("setting", LAMBDA_BEHIND)
def test_setting_of_a_function_that_somebody_changed_is_named(
    aws_server: AwsServer, project: Project, setting: str
) -> None:
    handler = f"{project.module()}:run"
    function = deployed(aws_server, handler, environment={"STAGE": "test"})
    provider, (change, says) = function.provider, LAMBDA_BEHIND[setting]
    before = provider.drift()
    change(client(aws_server, "lambda"), function.function_name)

    (found,) = provider.drift()

    assert before == ()
    assert re.search(f"^function '{function.function_name}': {says}", str(found))
    provider.deploy()
    assert provider.drift() == ()
