"""One identity for everything that talks to Google Cloud.

A config stands for one identity: a service account's key, a file with a credential, or what
google-auth finds by itself, and on top of each perhaps a service account to act as. It is resolved
once; the clients, the filesystem and Polars ask the same credential for every request, so that
they can't disagree, and are refreshed together.
"""

import json
import os
import threading
from collections.abc import Mapping
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from glacier.credentials import ConfigCredentials, made_once
from glacier.errors import ConfigError, MissingPackageError
from glacier.storage import new_token
from glacier_gcp.config import GcpConfig, emulator_in

try:
    from google.auth import impersonated_credentials
    from google.auth.credentials import AnonymousCredentials, Credentials
    from google.auth.exceptions import DefaultCredentialsError
    from google.auth.transport.requests import AuthorizedSession, Request
    from requests.adapters import HTTPAdapter

    from glacier_gcp.ambient import (
        ENVIRONMENT_PATH,
        SCOPE,
        AmbientSearch,
        credentials_in,
        credentials_of_key,
        is_emulator,
    )
    from glacier_gcp.credentials import SharedCredentials, TokenRequest
    from glacier_gcp.retries import PatientRetry, retries
except ImportError as error:
    raise MissingPackageError(
        "Google Cloud needs google-auth and google-cloud-storage, which are not installed. "
        'Run: pip install "glacier-core[gcp]"',
        extra="gcp",
    ) from error

if TYPE_CHECKING:
    from gcsfs.core import GCSFileSystem
    from google.cloud.storage import Client

ClientT = TypeVar("ClientT")

STORAGE_ENDPOINT = "https://storage.googleapis.com"

_KEPT_CONNECTIONS = 32
_KEPT_SESSIONS = 64
_AMBIENT = ("CLOUDSDK_", "GCE_METADATA_", "GOOGLE_", "STORAGE_EMULATOR_HOST", "NO_GCE_CHECK")


class GcpSession:
    """What a config stands for: clients, the filesystem and Polars' access, of one identity.

    Args:
        config: The provider's config.
    """

    def __init__(self, config: GcpConfig) -> None:
        self.config = config
        self.lock = threading.RLock()  # of what is made once, and of refreshing
        self._ambient = AmbientSearch()
        self._clients: dict[tuple[type[Any], str | None], Any] = {}

    @property
    def endpoint(self) -> str | None:
        """The address of all services where it is another than their public ones."""
        return self.config.endpoint or emulator_in(os.environ)

    @property
    def storage_endpoint(self) -> str:
        """The address of Cloud Storage."""
        return self.endpoint or STORAGE_ENDPOINT

    @made_once
    def credentials(self) -> Credentials:
        """What gets tokens for Google's services.

        Raises:
            ConfigError: The file with the credential is not there, or holds none.
            DefaultCredentialsError: Nothing is set, and google-auth finds nothing by itself.
        """
        account, source = self.config.impersonate_service_account, self.own_credentials
        if account is None:
            return source
        where = self.endpoint and (
            f"{self.endpoint}/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
        )
        return impersonated_credentials.Credentials(
            source, account, [SCOPE], iam_endpoint_override=where
        )

    @made_once
    def own_credentials(self) -> Credentials:
        """What the config or the environment gives, before another account is acted as.

        Raises:
            ConfigError: The key is none, or the file is not there or holds no credential.
            DefaultCredentialsError: Nothing is set, and google-auth finds nothing by itself.
        """
        config = self.config
        path = config.service_account_key_path or os.environ.get(ENVIRONMENT_PATH)
        if config.service_account_key is not None:
            return credentials_of_key(config.service_account_key.get_secret_value())
        if path:
            return credentials_in(path)
        if is_emulator(self.endpoint):
            return AnonymousCredentials()
        try:
            return self._ambient.found(self.transport)
        except DefaultCredentialsError:
            if self.endpoint is None:
                raise
            return AnonymousCredentials()

    @made_once
    def shared_credentials(self) -> SharedCredentials | AnonymousCredentials:
        """The credentials as all clients and threads ask them, each token once."""
        if isinstance(self.credentials, AnonymousCredentials):
            return self.credentials
        return SharedCredentials(self.credentials, self.lock)

    def token(self) -> tuple[str | None, int | None]:
        """Return what goes with a request that is made now, refreshed if it is about to expire.

        Returns:
            The token, and when it expires, in seconds since 1970; twice None without an identity.

        Raises:
            NoTokenError: Google refuses to give one.
            GoogleAuthError: Google did not answer soundly.
        """
        found = self.shared_credentials
        with self.lock:
            if isinstance(found, SharedCredentials):
                found.ensure_valid(self.transport)
            expiry = found.expiry
            return found.token, expiry and int(expiry.replace(tzinfo=UTC).timestamp())

    @property
    def is_anonymous(self) -> bool:
        """Whether requests are made without an identity."""
        # Only an endpoint is; else nothing is looked for, so that scans need no identity yet.
        return self.endpoint is not None and isinstance(self.credentials, AnonymousCredentials)

    @made_once
    def transport(self) -> Request:
        """What gets tokens."""
        return TokenRequest(self.timeout)

    @made_once
    def http(self) -> AuthorizedSession:
        """What sends requests with a token; safe to share among threads."""
        session = AuthorizedSession(self.shared_credentials, auth_request=self.transport)
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(pool_maxsize=_KEPT_CONNECTIONS))
        return session

    @made_once
    def storage(self) -> "Client":
        """Google's client of Cloud Storage, for buckets themselves; safe to share among threads.

        It is loaded when it is needed: data needs none of it.
        """
        from google.cloud.storage import Client

        return Client(
            project=self.config.project,
            credentials=self.shared_credentials,
            client_options={"api_endpoint": self.storage_endpoint},
            # The only way to give it connections for all threads: it makes ten by itself.
            _http=self.http,
        )

    def client(self, kind: type[ClientT], host: str | None = None) -> ClientT:
        """Return a client of another service, by REST; made on the first call.

        Args:
            kind: Its class in Google's libraries, such as `FunctionServiceClient`.
            host: The service's address where it is another than the class' own.
        """
        with self.lock:
            key = (kind, host)
            if key not in self._clients:
                address = self.endpoint or host
                options = {} if address is None else {"api_endpoint": address}
                self._clients[key] = cast("Any", kind)(
                    credentials=self.shared_credentials,
                    transport="rest",
                    client_options=options,
                )
            return cast("ClientT", self._clients[key])

    @property
    def timeout(self) -> tuple[float, float]:
        """The seconds to wait for a connection, and for a byte."""
        return self.config.connect_timeout_seconds, self.config.read_timeout_seconds

    @property
    def retry(self) -> PatientRetry:
        """How a request that may be made twice is tried again."""
        return retries(self.config.retry_timeout_seconds)

    @property
    def storage_options(self) -> Mapping[str, Any]:
        """Polars' options for Cloud Storage; no secret is among them."""
        config = self.config
        options: dict[str, Any] = {
            "connect_timeout": f"{round(config.connect_timeout_seconds * 1000)}ms",
            "read_timeout": f"{round(config.read_timeout_seconds * 1000)}ms",
        }
        if "retry_timeout_seconds" in config.model_fields_set:
            options["retry_timeout_ms"] = round(config.retry_timeout_seconds * 1000)
        if self.is_anonymous:
            options["google_skip_signature"] = "true"
        if self.endpoint is not None:
            options["google_base_url"] = self.endpoint
            if self.endpoint.startswith("http://"):
                options["allow_http"] = "true"
        return options

    @made_once
    def credential_provider(self) -> "GcpCredentials":
        """Polars' source of credentials, and that of tables."""
        return GcpCredentials(self.config, mark=new_token())

    @made_once
    def filesystem(self) -> "GCSFileSystem":
        """The fsspec filesystem."""
        from glacier_gcp.filesystem import gcs_filesystem

        return gcs_filesystem(self)


class GcpCredentials(ConfigCredentials[GcpConfig]):
    """Gives Polars the credentials of a config's session."""

    def __call__(self) -> tuple[dict[str, str], int | None]:
        """Return the token of requests, and when it expires, in seconds since 1970."""
        token, expiry = session_of(self.config).token()
        return ({} if token is None else {"bearer_token": token}), expiry

    def table_options(self, format_name: str) -> dict[str, str]:
        """Return the options by which a format of tables reaches Cloud Storage.

        Polars takes a token among its options by a name of its own; deltalake takes none, but what
        it can get tokens with.

        Raises:
            ConfigError: deltalake can't act as the service account of the config.
        """
        session = session_of(self.config)
        if session.is_anonymous:
            return {"google_service_account_key": json.dumps(_NOBODY)}
        if format_name == "delta":
            return _deltalake_options(session.config)
        return {"google_bearer_token": cast("str", session.token()[0])}


def _deltalake_options(config: GcpConfig) -> dict[str, str]:
    """Return the options by which deltalake's own object store enters as a config says."""
    if config.impersonate_service_account is not None:
        raise ConfigError(
            "Delta tables on Cloud Storage can't be reached as "
            f"{config.impersonate_service_account}: deltalake takes no token, and can't act as "
            "another account. Leave impersonate_service_account out and set the account's own "
            "key, or use the format iceberg."
        )
    if config.service_account_key is not None:
        return {"google_service_account_key": config.service_account_key.get_secret_value()}
    if config.service_account_key_path is not None:
        return {"google_application_credentials": config.service_account_key_path}
    return {}


_NOBODY = {
    **dict.fromkeys(("private_key", "private_key_id", "client_email"), ""),
    "disable_oauth": True,
}
"""The key with which the object stores in Polars and in deltalake ask for no token; there is no
other way that the writers of tables take."""


def session_of(config: GcpConfig) -> GcpSession:
    """Return the session of a config, the same for equal configs in the same environment."""
    ambient = tuple(sorted(item for item in os.environ.items() if item[0].startswith(_AMBIENT)))
    return _session(config, ambient)


@lru_cache(maxsize=_KEPT_SESSIONS)
def _session(config: GcpConfig, ambient: tuple[tuple[str, str], ...]) -> GcpSession:  # noqa: ARG001
    return GcpSession(config)
