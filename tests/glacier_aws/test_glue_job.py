"""What Glue is told of an executor, and what its role may do: pure functions."""

from typing import Any

import boto3
import pytest
from pydantic import ValidationError

from glacier import Provider
from glacier.access import Access
from glacier.config import AwsConfig, GlueConfig
from glacier_aws.executor import STATES
from glacier_aws.job.definition import (
    job_definition,
    launcher_path,
    python_of,
    role_name,
    role_statements,
    runs_tasks,
)

ROLE = "arn:aws:iam::123456789012:role/etl"
SCRIPT = "s3://staging/jobs/glue/launcher.py"


def definition(**fields: Any) -> dict[str, Any]:
    return job_definition("etl-job", GlueConfig(**fields), role_arn=ROLE, script_uri=SCRIPT)


def statements(config: GlueConfig, region: str = "eu-central-1") -> list[dict[str, Any]]:
    provider = Provider(config=AwsConfig(region=region))
    access = Access(
        (provider.bucket("raw", "sales.parquet"),), (provider.bucket("clean", "daily/"),)
    )
    return role_statements(
        "etl-job",
        config,
        access=access,
        staging=provider.bucket("staging", "jobs/"),
        region=region,
        account_id="123456789012",
    )


def test_job_says_everything_that_an_update_would_reset() -> None:
    assert definition(worker_type="G.2X", num_workers=5, glue_version="5.1") == {
        "Name": "etl-job",
        "Role": ROLE,
        "Command": {"Name": "glueetl", "ScriptLocation": SCRIPT, "PythonVersion": "3"},
        "GlueVersion": "5.1",
        "WorkerType": "G.2X",
        "NumberOfWorkers": 5,
        "Timeout": 480,
        "MaxRetries": 0,
        "ExecutionProperty": {"MaxConcurrentRuns": 50},
        "ExecutionClass": "STANDARD",
        "JobRunQueuingEnabled": True,
        "DefaultArguments": {
            "--job-language": "python",
            "--job-bookmark-option": "job-bookmark-disable",
        },
    }


def test_job_has_the_connections_bookmarks_and_class_of_its_config() -> None:
    found = definition(connections=["warehouse"], bookmarks=True, execution_class="FLEX")

    assert found["Connections"] == {"Connections": ["warehouse"]}
    assert found["DefaultArguments"]["--job-bookmark-option"] == "job-bookmark-enable"
    assert (found["ExecutionClass"], found["JobRunQueuingEnabled"]) == ("FLEX", False)


def test_overrides_are_merged_last_and_none_takes_a_field_away() -> None:
    overrides = {
        "Description": "nightly",
        "DefaultArguments": {"--enable-metrics": "true"},
        "WorkerType": None,
        "NumberOfWorkers": None,
        "MaxCapacity": 10.0,
    }

    found = definition(overrides=overrides)

    assert found["DefaultArguments"] == {
        "--job-language": "python",
        "--job-bookmark-option": "job-bookmark-disable",
        "--enable-metrics": "true",
    }
    assert (found["Description"], found["MaxCapacity"]) == ("nightly", 10.0)
    assert not {"WorkerType", "NumberOfWorkers"} & found.keys()


@pytest.mark.parametrize("version", ["5", "latest", "auto"])
def test_version_that_glue_never_had_is_refused(version: str) -> None:
    with pytest.raises(ValidationError, match="glue_version"):
        GlueConfig(glue_version=version)


def test_role_has_a_legal_name_of_its_own() -> None:
    longest = role_name("größe " + "x" * 100, "us-east-1")

    assert role_name("etl-job", "us-east-1") == "glacier-glue-etl-job-us-east-1"
    assert len(longest) == 64
    assert longest.isascii()
    assert " " not in longest
    assert longest != role_name("größe " + "x" * 101, "us-east-1")


def test_role_may_touch_its_buckets_staging_and_its_log_and_nothing_else() -> None:
    found = statements(GlueConfig())

    assert [(one["Action"], one["Resource"]) for one in found] == [
        (["s3:GetObject"], ["arn:aws:s3:::raw/sales.parquet"]),
        (
            ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"],
            ["arn:aws:s3:::clean/daily/*", "arn:aws:s3:::staging/jobs/*"],
        ),
        ("s3:ListBucket", "arn:aws:s3:::clean"),
        ("s3:ListBucket", "arn:aws:s3:::raw"),
        ("s3:ListBucket", "arn:aws:s3:::staging"),
        ("s3:ListBucketMultipartUploads", ["arn:aws:s3:::clean", "arn:aws:s3:::staging"]),
        (
            ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
            "arn:aws:logs:eu-central-1:123456789012:log-group:/aws-glue/*",
        ),
    ]


def test_role_may_use_connections_and_bookmarks_where_the_config_has_them() -> None:
    plain = statements(GlueConfig(), "cn-north-1")
    found = statements(GlueConfig(connections=["warehouse"], bookmarks=True), "cn-north-1")

    added = [one["Resource"] for one in found if one not in plain]
    assert added == [
        "arn:aws-cn:glue:cn-north-1:123456789012:job/etl-job",
        [
            "arn:aws-cn:glue:cn-north-1:123456789012:catalog",
            "arn:aws-cn:glue:cn-north-1:123456789012:connection/warehouse",
        ],
        "*",
    ]


def test_launcher_lies_where_its_text_says() -> None:
    assert launcher_path().startswith("glue/launcher-")
    assert launcher_path() == launcher_path()


@pytest.mark.parametrize(
    ("version", "python", "is_new_enough"),
    [
        ("3.0", "3.7", False),
        ("4.0", "3.10", False),
        ("5.0", "3.11", True),
        ("5.1", "3.11", True),
        ("6.0", "3.13", True),
        ("10.0", None, True),
    ],
)
def test_python_of_a_version_of_glue(version: str, python: str | None, is_new_enough: bool) -> None:
    assert (python_of(version), runs_tasks(version)) == (python, is_new_enough)


def test_every_state_that_glue_knows_has_a_meaning() -> None:
    glue = boto3.client(
        "glue", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )

    shape: Any = glue.meta.service_model.shape_for("JobRunState")

    assert set(shape.enum) == set(STATES)
