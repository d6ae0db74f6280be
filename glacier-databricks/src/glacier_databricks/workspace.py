"""One client for each workspace and identity."""

import os
from functools import lru_cache
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config

from glacier.errors import ConfigError
from glacier_databricks.config import DatabricksConfig

_KEPT_CLIENTS = 32


def workspace_of(config: DatabricksConfig) -> WorkspaceClient:
    """Return the client of a config's workspace, the same for equal ones in one environment.

    Raises:
        ConfigError: Neither the config nor the environment says which workspace and identity.
    """
    names = ("DATABRICKS_", "ARM_", "GOOGLE_", "AZURE_")
    ambient = tuple(sorted(item for item in os.environ.items() if item[0].startswith(names)))
    identity = (
        config.host,
        config.token and config.token.get_secret_value(),
        config.client_id,
        config.client_secret and config.client_secret.get_secret_value(),
        config.profile,
        config.http_timeout_seconds,
        config.retry_timeout_seconds,
    )
    return _client(identity, ambient)


@lru_cache(maxsize=_KEPT_CLIENTS)
def _client(
    identity: tuple[object, ...],
    ambient: tuple[tuple[str, str], ...],  # noqa: ARG001
) -> WorkspaceClient:
    names = ("host", "token", "client_id", "client_secret", "profile")
    timeouts = ("http_timeout_seconds", "retry_timeout_seconds")
    fields: dict[str, Any] = dict(zip((*names, *timeouts), identity, strict=True))
    try:
        return WorkspaceClient(config=Config(**{k: v for k, v in fields.items() if v is not None}))
    except ValueError as error:  # the SDK's own for all of that
        raise ConfigError(
            f"The workspace of Databricks can't be entered: {without_settings(str(error))}. Set "
            "DatabricksConfig(host=..., token=...), client_id and client_secret, or a profile; or "
            "DATABRICKS_HOST and DATABRICKS_TOKEN in the environment. Check that it can be reached."
        ) from error


def without_settings(said: str) -> str:
    """Return what the SDK says, without the settings that it lists behind that."""
    return said.partition(" Config: ")[0].partition("\n")[0].rstrip(". ")
