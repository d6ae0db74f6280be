"""The Google Cloud configs."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from glacier.config.base import ProviderConfig
from glacier.errors import ConfigError
from glacier_gcp.resource_configs import CloudFunctionConfig, DataprocConfig, GcsConfig

__all__ = ["CloudFunctionConfig", "DataprocConfig", "GcpConfig", "GcsConfig"]


_SHOWN_CHARACTERS = 40


class GcpConfig(ProviderConfig):
    """A Google Cloud project and region, and the identity to use there.

    Without a key the ambient identity is used: what Google's libraries call application default
    credentials.
    """

    of_identity = frozenset({"service_account_key_path", "impersonate_service_account"})

    project: str = Field(min_length=1)
    """The project's id. Environment variables: `GOOGLE_CLOUD_PROJECT`, then `GCP_PROJECT`."""

    region: str = "us-central1"
    """The region of the resources. Environment variable: `GOOGLE_CLOUD_REGION`."""

    zone: str | None = None
    """The zone of what lives in one zone; chosen by Google Cloud where None.
    Environment variable: `GOOGLE_CLOUD_ZONE`."""

    service_account_key: SecretStr | None = None
    """The JSON text of a service account's key; excludes `service_account_key_path`."""

    service_account_key_path: str | None = None
    """The file that holds a credential in JSON; excludes `service_account_key`.
    Environment variable: `GOOGLE_APPLICATION_CREDENTIALS`."""

    impersonate_service_account: str | None = None
    """The e-mail address of a service account to act as, in place of the identity found, which has
    to be allowed to make tokens for it.
    Environment variable: `GOOGLE_IMPERSONATE_SERVICE_ACCOUNT`."""

    endpoint: str | None = None
    """Where Google Cloud's services are reached instead of their public addresses, such as an
    emulator; entered without an identity where none is found, and over `http` where none is named.
    Environment variable: `STORAGE_EMULATOR_HOST`, which counts where None too."""

    connect_timeout_seconds: float = Field(default=10, ge=0.001)
    """After how many seconds without a connection a request is tried again. Maps to the first half
    of `timeout` of Google's clients, and to `connect_timeout` of Polars' storage options."""

    read_timeout_seconds: float = Field(default=60, ge=0.001)
    """After how many seconds without a byte a request is tried again. Maps to the second half of
    `timeout` of Google's clients, and to `read_timeout` of Polars' storage options, without which
    Polars would wait for ever."""

    retry_timeout_seconds: float = Field(default=30, ge=0)
    """For how many seconds a request that failed for want of a sound answer is tried again. Maps to
    `timeout` of the retries of Google's clients, and where it is set to `retry_timeout_ms` of
    Polars' storage options; Polars' own number counts for what it reads otherwise."""

    @field_validator("project")
    @classmethod
    def _project_is_an_id(cls, value: str) -> str:
        if not re.fullmatch(r"[a-z0-9][a-z0-9.:-]*", value):
            raise ValueError(
                f"{value[:_SHOWN_CHARACTERS]!r} is no project's id; expected one such as "
                "acme-sales, which is not the name that is displayed: gcloud projects list shows "
                "both"
            )
        return value

    @field_validator("region")
    @classmethod
    def _region_is_no_zone(cls, value: str) -> str:
        region, _, zone = value.rpartition("-")
        if re.fullmatch(r"[a-z]+-[a-z]+\d+", region) and re.fullmatch("[a-z]", zone):
            raise ValueError(f"{value!r} is a zone; expected its region, {region!r}")
        return value

    @field_validator("service_account_key_path", mode="before")
    @classmethod
    def _path_is_text(cls, value: Any) -> Any:  # Any: what the user gives
        return str(value) if isinstance(value, PurePath) else value

    @field_validator("impersonate_service_account")
    @classmethod
    def _account_is_an_address(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
            raise ValueError(
                f"{value[:_SHOWN_CHARACTERS]!r} is no address of a service account; expected one "
                "such as etl@acme-sales.iam.gserviceaccount.com"
            )
        return value

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_an_address(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "https://host")
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("it is no address; expected one such as http://localhost:4443")
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError(
                "an address is shown and sent to jobs, and is no place for a secret: expected one "
                "such as http://localhost:4443"
            )
        return value if value is None else value.rstrip("/")

    @field_validator("service_account_key")
    @classmethod
    def _key_is_json(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None:
            return None
        problem = "expected the JSON text of a service account's key, as Google gives it"
        try:
            fields = json.loads(value.get_secret_value())
        except ValueError:
            raise ValueError(problem) from None  # the other one holds the whole text
        if not isinstance(fields, dict) or not fields.get("private_key"):
            raise ValueError(f"{problem}; this text has no private_key")
        return value

    @model_validator(mode="after")
    def _one_key_at_most(self) -> Self:
        if self.service_account_key is not None and self.service_account_key_path is not None:
            raise ValueError(
                "service_account_key and service_account_key_path exclude each other; set one"
            )
        return self

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Return the config that the standard Google variables describe; an empty one is unset.

        Raises:
            ConfigError: Neither `GOOGLE_CLOUD_PROJECT` nor `GCP_PROJECT` is set.
        """
        env = os.environ if environ is None else environ
        project = env.get("GOOGLE_CLOUD_PROJECT") or env.get("GCP_PROJECT")
        if not project:
            raise ConfigError(
                "GcpConfig.from_env found no project. "
                "Set GOOGLE_CLOUD_PROJECT, or pass GcpConfig(project=...)."
            )
        return cls(
            project=project,
            **({"region": env["GOOGLE_CLOUD_REGION"]} if env.get("GOOGLE_CLOUD_REGION") else {}),
            zone=env.get("GOOGLE_CLOUD_ZONE") or None,
            service_account_key_path=env.get("GOOGLE_APPLICATION_CREDENTIALS") or None,
            impersonate_service_account=env.get("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT") or None,
            endpoint=emulator_in(env),
        )


def emulator_in(environ: Mapping[str, str]) -> str | None:
    """Return the address that `STORAGE_EMULATOR_HOST` names, as Google's libraries read it."""
    found = environ.get("STORAGE_EMULATOR_HOST")
    if not found:
        return None
    return (found if "://" in found else f"http://{found}").rstrip("/")
