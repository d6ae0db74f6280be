"""One client for each workspace and identity."""

import os
from functools import lru_cache
from typing import Any

import requests
from databricks.sdk import WorkspaceClient
from databricks.sdk.config import Config
from requests.adapters import HTTPAdapter

from glacier.errors import ConfigError, JobConnectionError
from glacier_databricks.config import DatabricksConfig

_KEPT_CLIENTS = 32
_CONNECT_SECONDS = 10
_FURTHER_TRIES = 2


def workspace_of(config: DatabricksConfig) -> WorkspaceClient:
    """Return the client of a config's workspace, the same for equal ones in one environment.

    Raises:
        ConfigError: Neither the config nor the environment says which workspace and identity.
        JobConnectionError: Nobody is at the workspace's address.
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
    host = fields["host"] or os.environ.get("DATABRICKS_HOST")
    if host:
        _reach(host)
    try:
        return WorkspaceClient(config=Config(**{k: v for k, v in fields.items() if v is not None}))
    except ValueError as error:  # the SDK's own for all of that
        raise ConfigError(_not_entered(host, fields, error)) from error


def _reach(host: str) -> None:
    """Refuse an address where nobody is, which the SDK would try for minutes, step by step.

    Raises:
        JobConnectionError: No connection can be made. What is slow to answer has been reached.
    """
    address = host if "://" in host else f"https://{host}"
    with requests.Session() as session:
        session.mount(address, HTTPAdapter(max_retries=_FURTHER_TRIES))
        try:
            session.head(address, timeout=_CONNECT_SECONDS, allow_redirects=False)
        except requests.ReadTimeout:
            return
        except (requests.ConnectionError, requests.exceptions.InvalidURL) as error:
            reason = str(getattr(error.args[0], "reason", error)).rpartition("): ")[2]
            raise JobConnectionError(
                f"Databricks can't be entered, since the workspace {host} does not answer: "
                f"{reason}. Check the network, and DatabricksConfig(host=...) or DATABRICKS_HOST: "
                "an address such as https://adb-1234567890123456.7.azuredatabricks.net."
            ) from error


def _not_entered(host: str | None, fields: dict[str, Any], error: ValueError) -> str:
    """Return what is missing, or what the SDK says of it, and what to do."""
    profile = fields["profile"] or os.environ.get("DATABRICKS_CONFIG_PROFILE")
    secret = fields["client_secret"] or os.environ.get("DATABRICKS_CLIENT_SECRET")
    if fields["client_id"] and not secret:
        why = f"client_id {fields['client_id']!r} has no client_secret"
    elif not host and not profile:
        why = "no host was given, and the environment has none"
    elif "default auth" in str(error):
        why = "no token, client_id with client_secret, or login of a cloud's tool was found"
    else:
        why = without_settings(str(error))
    which = f" {host}" if host else f" of profile {profile!r}" if profile else ""
    return (
        f"The workspace{which} of Databricks can't be entered: {why}. Set "
        "DatabricksConfig(host=..., token=...), client_id and client_secret, or a profile of "
        "~/.databrickscfg; or DATABRICKS_HOST and DATABRICKS_TOKEN in the environment."
    )


def without_settings(said: str) -> str:
    """Return what the SDK says, without the settings that it lists behind that."""
    return said.partition(" Config: ")[0].partition("\n")[0].rstrip(". ")
