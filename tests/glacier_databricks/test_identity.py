"""Who enters a workspace, and that nobody else learns by what."""

from pathlib import Path

import pytest

from glacier import Provider
from glacier.config import DatabricksConfig
from glacier.errors import ConfigError, PackageError
from glacier.job_status import JobStatus
from tests.executors.jobs import ended, written
from tests.glacier_aws.glue import staged
from tests.glacier_databricks.databricks import HELLO, executor_on
from tests.rigs.aws.server import SECRET_KEY, AwsServer
from tests.rigs.databricks.server import DatabricksWorkspace


def test_service_principal_enters_by_its_secret(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    secret = {"client_id": workspace.client_id, "client_secret": workspace.client_secret}
    config = DatabricksConfig.model_validate({"host": workspace.host, **secret})
    executor = provider.executor("etl", config=config)

    status, _ = ended(executor, written(tmp_path, HELLO))

    assert status is JobStatus.SUCCEEDED


def test_environment_names_the_workspace_where_the_config_does_not(
    workspace: DatabricksWorkspace,
    provider: Provider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in workspace.environment.items():
        monkeypatch.setenv(name, value)
    executor = provider.executor("etl", config=DatabricksConfig())

    status, _ = ended(executor, written(tmp_path, HELLO))

    assert status is JobStatus.SUCCEEDED


def test_workspace_that_nothing_names_is_an_error_that_says_how(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # without a file of profiles
    executor = provider.executor("etl", config=DatabricksConfig())

    with pytest.raises(ConfigError, match=r"can't be entered: .*DatabricksConfig\(host="):
        executor.submit_job(written(tmp_path, HELLO))


@pytest.mark.parametrize("where", ["script", "environment", "overrides"])
@pytest.mark.parametrize("whose", ["AwsConfig", "DatabricksConfig"])
def test_secret_is_refused_before_anything_is_submitted(
    workspace: DatabricksWorkspace,
    provider: Provider,
    aws_server: AwsServer,
    tmp_path: Path,
    where: str,
    whose: str,
) -> None:
    secret = SECRET_KEY if whose == "AwsConfig" else workspace.token
    source = f"key = {secret!r}" if where == "script" else HELLO
    environment = {"KEY": secret} if where == "environment" else {}
    overrides = {"spark_conf": {"key": secret}} if where == "overrides" else {}
    executor = executor_on(workspace, provider, overrides=overrides)

    with pytest.raises(PackageError, match=f"holds the secret {whose}"):
        executor.submit_job({"script": written(tmp_path, source), "environment": environment})

    assert workspace.runs() == []
    assert not any(secret.encode() in content for content in staged(aws_server).values())
