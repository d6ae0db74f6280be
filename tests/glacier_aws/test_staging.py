"""The staging bucket that a provider on AWS has of its own."""

import pytest

from glacier import Provider
from glacier.errors import AccessDeniedError, StorageError
from tests.rigs.aws.server import ACCOUNT, AwsServer


def test_default_staging_has_the_account_that_sts_knows(aws_server: AwsServer) -> None:
    provider = Provider(config=aws_server.config())

    staging = type(provider.bucket("any").adapter).default_staging(provider)

    assert staging == f"glacier-staging-{ACCOUNT}-us-east-1"


def test_default_staging_without_sts_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch, aws_server: AwsServer
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")  # less to wait for
    config = aws_server.config(endpoint_url="http://127.0.0.1:9", connect_timeout_seconds=1)
    executor = Provider(config=config).executor("jobs")

    with pytest.raises(StorageError, match=r"STS does not tell it.*Set AwsConfig\(account_id="):
        executor.submit_job(print)


def test_default_staging_without_credentials_is_denied(
    monkeypatch: pytest.MonkeyPatch, aws_server: AwsServer
) -> None:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    config = aws_server.config(access_key_id=None, secret_access_key=None)
    executor = Provider(config=config).executor("jobs")

    with pytest.raises(AccessDeniedError, match="No credentials were found for the account's"):
        executor.submit_job(print)
