"""The AWS configs."""

import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import pytest
from pydantic import SecretStr, ValidationError

from glacier import Provider
from glacier.config import SparkConfig
from glacier.config.base import at_home, elsewhere
from glacier_aws.config import AwsConfig, GlueConfig, LambdaConfig
from glacier_aws.hooks import glacier_config_from_env


def test_from_env_reads_the_standard_variables() -> None:
    environ = {
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_PROFILE": "staging",
        "AWS_ACCOUNT_ID": "123456789012",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/etl",
        "AWS_EXTERNAL_ID": "partner",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "s3cret",
        "AWS_SESSION_TOKEN": "t0ken",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:5000",
    }

    config = AwsConfig.from_env(environ)

    assert config == AwsConfig(
        region="eu-central-1",
        profile="staging",
        account_id="123456789012",
        role_arn="arn:aws:iam::123456789012:role/etl",
        external_id="partner",
        access_key_id="AKIDEXAMPLE",
        secret_access_key=SecretStr("s3cret"),
        session_token=SecretStr("t0ken"),
        endpoint_url="http://127.0.0.1:5000",
    )


@pytest.mark.parametrize(
    ("environ", "region"),
    [
        ({}, "us-east-1"),
        ({"AWS_REGION": ""}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "us-west-2"}, "us-west-2"),
    ],
)
def test_from_env_finds_a_region_for_every_environment(
    environ: dict[str, str], region: str
) -> None:
    assert AwsConfig.from_env(environ) == AwsConfig(region=region)


def test_from_env_leaves_the_role_of_a_web_identity_to_the_sdks() -> None:
    environ = {
        "AWS_REGION": "eu-north-1",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/etl",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/token",
    }

    assert AwsConfig.from_env(environ).role_arn is None


@pytest.mark.parametrize("file", [None, ""])
def test_from_env_assumes_the_role_without_a_web_identity(file: str | None) -> None:
    role = "arn:aws:iam::123456789012:role/etl"
    environ = {"AWS_ROLE_ARN": role} | (
        {} if file is None else {"AWS_WEB_IDENTITY_TOKEN_FILE": file}
    )

    assert AwsConfig.from_env(environ).role_arn == role


def test_from_env_takes_an_empty_variable_for_unset() -> None:
    names = ["PROFILE", "ACCOUNT_ID", "ROLE_ARN", "EXTERNAL_ID", "ENDPOINT_URL"]
    keys = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"]

    config = AwsConfig.from_env({f"AWS_{name}": "" for name in (*names, *keys)})

    assert config == AwsConfig(region="us-east-1")


def test_from_env_reads_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-north-1")

    assert AwsConfig.from_env().region == "eu-north-1"


def test_keys_come_in_pairs() -> None:
    with pytest.raises(ValidationError, match="set both or neither"):
        AwsConfig(region="us-east-1", access_key_id="AKIDEXAMPLE")


def test_repr_shows_no_secret() -> None:
    config = AwsConfig(
        region="us-east-1",
        access_key_id="AKIDEXAMPLE",
        secret_access_key=SecretStr("s3cret"),
        session_token=SecretStr("t0ken"),
    )

    assert "s3cret" not in repr(config)
    assert "t0ken" not in repr(config)


def test_environment_is_claimed_by_region_alone() -> None:
    assert glacier_config_from_env({"AWS_REGION": "eu-north-1"}) == AwsConfig(region="eu-north-1")
    assert glacier_config_from_env({"AWS_DEFAULT_REGION": "eu-north-1"}) is None


def test_lambda_config_knows_lambdas_limits() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 900"):
        LambdaConfig(timeout_seconds=901)


def test_lambda_layer_without_its_version_is_refused() -> None:
    with pytest.raises(ValidationError, match="layers"):
        LambdaConfig(layers=["arn:aws:lambda:eu-central-1:123456789012:layer:tools"])


def test_glue_config_runs_a_python_that_polars_has() -> None:
    assert GlueConfig().glue_version == "5.0"


STAGING = AwsConfig(
    region="eu-north-1",
    profile="staging",
    role_arn="arn:aws:iam::123456789012:role/etl",
    external_id="partner",
    access_key_id="AKIDEXAMPLE",
    secret_access_key=SecretStr("s3cret"),
)


def test_config_pickles_without_its_keys() -> None:
    arrived = pickle.loads(pickle.dumps(STAGING))

    assert arrived == AwsConfig(
        region="eu-north-1",
        profile="staging",
        role_arn="arn:aws:iam::123456789012:role/etl",
        external_id="partner",
    )


def test_config_that_goes_to_another_machine_leaves_the_identity_behind() -> None:
    with elsewhere():
        data = pickle.dumps(STAGING)

    assert pickle.loads(data) == AwsConfig(region="eu-north-1")


@pytest.mark.parametrize("way", [nullcontext, elsewhere])
def test_config_that_comes_home_is_the_one_that_left(
    way: Callable[[], AbstractContextManager[None]],
) -> None:
    with way():
        data = pickle.dumps(Provider(config=STAGING))

    with at_home(STAGING):
        arrived = pickle.loads(data)

    assert arrived.config == STAGING


@pytest.mark.parametrize(
    ("executor", "keeps"),
    [
        (None, True),
        (SparkConfig(), True),
        (SparkConfig(master="yarn", deploy_mode="cluster"), False),
    ],
)
def test_jobs_of_this_machine_keep_the_identity(executor: SparkConfig | None, keeps: bool) -> None:
    adapter = Provider(config=STAGING).executor("jobs", config=executor).adapter

    assert adapter.keeps_identity is keeps


def test_jobs_on_glue_have_an_identity_of_their_own() -> None:
    assert not Provider(config=STAGING).executor("jobs", config=GlueConfig()).adapter.keeps_identity
