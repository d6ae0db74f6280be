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
from glacier_databricks.job.errors import FAILURES, is_unanswered, without_settings

_KEPT_CLIENTS = 32
_CONNECT_SECONDS = 10
_FURTHER_TRIES = 2
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
        JobConnectionError: Nobody is at the workspace's address, or who gives out tokens there does
            not answer.
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
    host = fields["host"] or os.environ.get("DATABRICKS_HOST")
    if host:
        _reach(host)
    try:
        return WorkspaceClient(config=Config(**{k: v for k, v in fields.items() if v is not None}))
    except FAILURES as error:
        if is_unanswered(error):
            raise JobConnectionError(
                f"The workspace {host or 'of Databricks'} does not answer: "
                f"{without_settings(str(error))}. Check DatabricksConfig(host=...) and the "
                "network; or try again later."
            ) from error
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


def _not_entered(host: str | None, fields: dict[str, Any], error: Exception) -> str:
    """Return what is missing, or what the SDK says of it, and what to do."""
    profile = fields["profile"] or os.environ.get("DATABRICKS_CONFIG_PROFILE")
    secret = fields["client_secret"] or os.environ.get("DATABRICKS_CLIENT_SECRET")
    if fields["client_id"] and not secret:
        why = f"client_id {fields['client_id']!r} has no client_secret"
    elif not host and not profile:
        why = "no host was given, and the environment has none"
    elif "cannot configure default credentials" in str(error):
        why = "no token, client_id with client_secret, or login of a cloud's tool was found"
    else:
        why = without_settings(str(error))
    which = f" {host}" if host else f" of profile {profile!r}" if profile else ""
    return (
        f"The workspace{which} of Databricks can't be entered: {why}. Set "
        "DatabricksConfig(host=..., token=...), client_id and client_secret, or a profile of "
        "~/.databrickscfg; or DATABRICKS_HOST and DATABRICKS_TOKEN in the environment."
    )


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
