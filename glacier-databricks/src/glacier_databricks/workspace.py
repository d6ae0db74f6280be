"""One client for each workspace and identity."""

import os
from functools import lru_cache
from typing import Any

from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config

from glacier.errors import ConfigError, JobConnectionError
from glacier_databricks.config import DatabricksConfig
from glacier_databricks.job.errors import FAILURES, is_unanswered, without_settings

_KEPT_CLIENTS = 32
_VARIABLES = {
    "host": "DATABRICKS_HOST",
    "token": "DATABRICKS_TOKEN",
    "client_id": "DATABRICKS_CLIENT_ID",
    "client_secret": "DATABRICKS_CLIENT_SECRET",
}
"""What the SDK takes from the environment where a config does not say it."""


def workspace_of(config: DatabricksConfig) -> WorkspaceClient:
    """Return the client of a config's workspace, the same for equal ones in one environment.

    Raises:
        ConfigError: Neither the config nor the environment says which workspace and identity, or
            the environment says other things than the config's profile.
        JobConnectionError: Who gives out tokens there does not answer.
    """
    _check_profile(config)
    names = ("DATABRICKS_", "ARM_", "GOOGLE_", "AZURE_")
    ambient = tuple(sorted(item for item in os.environ.items() if item[0].startswith(names)))
    identity = (
        config.host,
        config.token and config.token.get_secret_value(),
        config.client_id,
        config.client_secret and config.client_secret.get_secret_value(),
        config.profile,
        _kind_of(config),
        config.http_timeout_seconds,
        config.retry_timeout_seconds,
    )
    return _client(identity, ambient)


@lru_cache(maxsize=_KEPT_CLIENTS)
def _client(
    identity: tuple[object, ...],
    ambient: tuple[tuple[str, str], ...],  # noqa: ARG001
) -> WorkspaceClient:
    names = ("host", "token", "client_id", "client_secret", "profile", "auth_type")
    timeouts = ("http_timeout_seconds", "retry_timeout_seconds")
    fields: dict[str, Any] = dict(zip((*names, *timeouts), identity, strict=True))
    try:
        return WorkspaceClient(config=Config(**{k: v for k, v in fields.items() if v is not None}))
    except FAILURES as error:
        said = without_settings(str(error))
        if is_unanswered(error):
            raise JobConnectionError(
                f"The workspace {fields['host'] or 'of Databricks'} does not answer: {said}. Check "
                "DatabricksConfig(host=...) and the network; or try again later."
            ) from error
        raise ConfigError(
            f"The workspace of Databricks can't be entered: {said}. Set "
            "DatabricksConfig(host=..., token=...), client_id and client_secret, or a profile; or "
            "DATABRICKS_HOST and DATABRICKS_TOKEN in the environment. Check that it can be reached."
        ) from error


def _kind_of(config: DatabricksConfig) -> str | None:
    """Return what the SDK calls the identity that a config names; None where it names none.

    It refuses to choose between that and one in the environment, which may be there for others.
    """
    principal = config.client_id is not None and config.client_secret is not None
    if config.token is not None:
        return None if principal else "pat"
    return "oauth-m2m" if principal else None


def _check_profile(config: DatabricksConfig) -> None:
    """Refuse a profile beside variables, which the SDK would prefer to what the profile says."""
    if config.profile is None:
        return
    given = config.model_dump(include=set(_VARIABLES), exclude_none=True)
    found = [v for k, v in _VARIABLES.items() if k not in given and os.environ.get(v)]
    if found:
        raise ConfigError(
            f"DatabricksConfig(profile={config.profile!r}) and the environment's "
            f"{', '.join(found)} both say which workspace, or who enters it, and Databricks' SDK "
            "prefers the environment. Unset the variables, or leave out the profile."
        )
