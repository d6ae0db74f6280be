"""What people get wrong about where a workspace is and who they are."""

from time import monotonic
from typing import Any

import pytest

from glacier.config import DatabricksConfig
from glacier.errors import ConfigError, JobConnectionError
from glacier_databricks.workspace import workspace_of
from tests.rigs.databricks.server import DatabricksWorkspace

AT_ONCE_SECONDS = 20


@pytest.mark.parametrize(
    ("host", "said"),
    [
        ("http://127.0.0.1:9", "Connection refused"),
        ("https://workspace.invalid", "Failed to resolve 'workspace.invalid'"),
        ("https://my workspace", "invalid character"),
    ],
)
def test_address_where_nobody_is_is_refused_at_once(host: str, said: str) -> None:
    begun = monotonic()

    with pytest.raises(
        JobConnectionError, match=rf"workspace {host} does not answer: .*{said}.*DATABRICKS_HOST"
    ):
        workspace_of(DatabricksConfig.model_validate({"host": host, "token": "dapi0123"}))

    assert monotonic() - begun < AT_ONCE_SECONDS


def test_address_without_a_scheme_is_one_of_https(workspace: DatabricksWorkspace) -> None:
    host = workspace.host.removeprefix("http://")

    with pytest.raises(JobConnectionError, match=f"{host} does not answer: .*SSL"):
        workspace_of(workspace.config(host=host))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"client_id": "etl"}, "client_id 'etl' has no client_secret"),
        ({}, "no token, client_id with client_secret, or login of a cloud's tool was found"),
    ],
    ids=["no secret", "nothing"],
)
def test_missing_part_of_an_identity_is_named(
    workspace: DatabricksWorkspace, fields: dict[str, Any], why: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{workspace.host} of Databricks .*: {why}\. Set "):
        workspace_of(DatabricksConfig(host=workspace.host, **fields))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "no host was given, and the environment has none"),
        ({"profile": "nightly"}, "of profile 'nightly' of Databricks can't be entered"),
    ],
    ids=["no host", "no such profile"],
)
def test_missing_workspace_is_named(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], said: str
) -> None:
    monkeypatch.delenv("DATABRICKS_HOST", raising=False)

    with pytest.raises(ConfigError, match=said):
        workspace_of(DatabricksConfig(**fields))
