"""Who enters a workspace, and that nobody else learns by what."""

import json
from pathlib import Path

import pytest

from glacier import Provider
from glacier.config import DatabricksConfig
from glacier.errors import ConfigError, JobError, PackageError
from glacier.job_status import JobStatus
from tests.executors.jobs import ended, written
from tests.glacier_aws.glue import staged
from tests.glacier_databricks.databricks import HELLO, executor_on
from tests.rigs.aws.server import AwsServer
from tests.rigs.databricks.server import DatabricksServer, DatabricksWorkspace


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


@pytest.mark.parametrize("name", ["ARM_CLIENT_ID", "GOOGLE_CREDENTIALS", "DATABRICKS_CLIENT_ID"])
def test_token_of_the_config_enters_though_the_environment_has_other_identities(
    workspace: DatabricksWorkspace,
    provider: Provider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """As the cloud's own, by which its buckets are entered."""
    monkeypatch.setenv(name, "11111111-2222-3333-4444-555555555555")
    workspace.hold()

    executor_on(workspace, provider).submit_job(written(tmp_path, HELLO))

    assert len(workspace.runs()) == 1


def test_login_that_has_expired_is_an_error_that_says_so(
    workspace: DatabricksWorkspace,
    provider: Provider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By the program that people log in with, which the SDK asks for a token."""
    token = {
        "access_token": workspace.token,
        "token_type": "Bearer",
        "expiry": "2020-01-01T00:00:00",
    }
    login = tmp_path / "databricks"
    _write_program(login, f"echo '{json.dumps(token)}'")
    monkeypatch.setenv("DATABRICKS_AUTH_TYPE", "databricks-cli")
    monkeypatch.setenv("DATABRICKS_CLI_PATH", str(login))
    executor = provider.executor("etl", config=DatabricksConfig(host=workspace.host))
    job_id = executor.submit_job(written(tmp_path, HELLO))

    _write_program(login, "echo 'the refresh token is gone' >&2; exit 1")
    with pytest.raises(JobError, match=r"the refresh token is gone\..*log in again"):
        executor.get_job_status(job_id)
    other = provider.executor("other", config=DatabricksConfig(host=f"{workspace.host}/"))
    with pytest.raises(ConfigError, match=r"can't be entered: .*the refresh token is gone"):
        other.get_job_status(job_id)


def _write_program(path: Path, script: str) -> None:
    """Write a program of the size from which on the SDK takes it for the one that it wants."""
    path.write_text(f"#!/bin/sh\n{script}\nexit 0\n{'#' * (1 << 20)}\n")
    path.chmod(0o755)


@pytest.fixture
def profile(
    workspace: DatabricksWorkspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> DatabricksConfig:
    """A config of a profile of the workspace."""
    path = tmp_path / "databrickscfg"
    path.write_text(f"[prod]\nhost = {workspace.host}\ntoken = {workspace.token}\n")
    monkeypatch.setenv("DATABRICKS_CONFIG_FILE", str(path))
    return DatabricksConfig(profile="prod")


def test_profile_names_the_workspace_and_its_token(
    workspace: DatabricksWorkspace, provider: Provider, profile: DatabricksConfig, tmp_path: Path
) -> None:
    workspace.hold()

    provider.executor("etl", config=profile).submit_job(written(tmp_path, HELLO))

    assert len(workspace.runs()) == 1


def test_profile_beside_a_host_of_the_environment_is_refused(
    workspace: DatabricksWorkspace,
    databricks_server: DatabricksServer,
    provider: Provider,
    profile: DatabricksConfig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The profile's token would go to whatever host that is."""
    other = databricks_server.workspace()
    for name, value in other.environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError, match=r"profile='prod'.*DATABRICKS_HOST, DATABRICKS_TOKEN bo"):
        provider.executor("etl", config=profile).submit_job(written(tmp_path, HELLO))

    assert other.runs() == workspace.runs() == []


def test_workspace_that_nothing_names_is_an_error_that_says_how(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # without a file of profiles
    executor = provider.executor("etl", config=DatabricksConfig())

    with pytest.raises(ConfigError, match=r"can't be entered: .*DatabricksConfig\(host="):
        executor.submit_job(written(tmp_path, HELLO))


@pytest.mark.parametrize("where", ["script", "overrides"])
def test_token_is_refused_before_anything_is_submitted(
    workspace: DatabricksWorkspace,
    provider: Provider,
    aws_server: AwsServer,
    tmp_path: Path,
    where: str,
) -> None:
    """The secrets of the cloud are in the cases of all executors."""
    secret = workspace.token
    source = f"key = {secret!r}" if where == "script" else HELLO
    overrides = {"spark_conf": {"key": secret}} if where == "overrides" else {}
    executor = executor_on(workspace, provider, overrides=overrides)

    with pytest.raises(PackageError, match=r"holds the secret DatabricksConfig\.token"):
        executor.submit_job(written(tmp_path, source))

    assert workspace.runs() == []
    assert not any(secret.encode() in content for content in staged(aws_server).values())
