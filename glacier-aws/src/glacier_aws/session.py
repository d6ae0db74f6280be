"""One identity for everything that talks to AWS.

A config stands for one identity: keys, a profile, or what the AWS SDKs find by themselves, and on
top of each perhaps a role to assume. boto3 resolves it, once; the filesystem and Polars ask that
very boto3 session for their credentials, so that they can't disagree, and are refreshed together.
"""

import os
import re
import threading
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from glacier.credentials import ConfigCredentials
from glacier.errors import ConfigError, MissingPackageError
from glacier.storage import new_token
from glacier_aws.config import AwsConfig

try:
    import boto3
    import botocore.session
    from botocore.config import Config as ClientConfig
    from botocore.credentials import (
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        CredentialResolver,
        DeferredRefreshableCredentials,
    )
    from botocore.exceptions import ProfileNotFound
except ImportError as error:
    raise MissingPackageError(
        'AWS needs boto3, which is not installed. Run: pip install "glacier-core[aws]"', extra="aws"
    ) from error

if TYPE_CHECKING:
    from botocore.credentials import Credentials, ReadOnlyCredentials
    from s3fs import S3FileSystem

S3_ATTEMPTS = 6
"""How often a request to S3 is made at most: with the pauses of the SDK's `standard` retries that
lasts 15 seconds on average where errors come at once, about as long as Polars tries. What Glacier
asks of S3 may be asked twice; what `standard` tries again are errors of the connection, 500s and
throttling. `AWS_MAX_ATTEMPTS` goes before it."""

_SESSION_NAME = "glacier"
_KEPT_SESSIONS = 64


class AwsSession:
    """What a config stands for: clients, the filesystem and Polars' access, of one identity.

    Args:
        config: The provider's config.
    """

    def __init__(self, config: AwsConfig) -> None:
        self.config = config
        self._clients: dict[tuple[str, str], Any] = {}
        self._boto_session: boto3.Session | None = None
        self._lock = threading.RLock()  # boto3 makes clients in one thread at a time only

    @property
    def boto_session(self) -> boto3.Session:
        """The session whose credentials everything else uses.

        Raises:
            ConfigError: The profile is in none of the configuration files.
        """
        with self._lock:  # two sessions would assume a role twice, and refresh it apart
            if self._boto_session is None:
                self._boto_session = self._made_session()
            return self._boto_session

    def _made_session(self) -> boto3.Session:
        config = self.config
        try:
            source = boto3.Session(
                region_name=config.region,
                profile_name=config.profile,
                aws_access_key_id=config.access_key_id,
                aws_secret_access_key=_revealed(config.secret_access_key),
                aws_session_token=_revealed(config.session_token),
            )
        except ProfileNotFound as error:
            known = ", ".join(botocore.session.Session().available_profiles) or "none"
            raise ConfigError(
                f"The AWS configuration files have no profile {config.profile!r}; they have: "
                f"{known}. Correct AwsConfig(profile=...), AWS_PROFILE or the files "
                "(AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say where they are)."
            ) from error
        return source if config.role_arn is None else self._assumed(source, config.role_arn)

    def client(self, service: str, **settings: Any) -> Any:  # Any: each service has a client type
        """Return the client of a service, made on the first call; safe to share among threads.

        Args:
            service: Its name in boto3, such as `s3`.
            **settings: Fields of botocore's `Config` that differ from the usual ones.
        """
        key = (service, repr(sorted(settings.items())))  # a setting may be a mapping
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self.boto_session.client(
                    cast("Any", service),
                    endpoint_url=self.config.endpoint_url,
                    config=ClientConfig(**{**self.client_settings(service), **settings}),
                )
            return self._clients[key]

    def client_settings(self, service: str) -> dict[str, Any]:  # Any: botocore's own values
        """Return the fields of botocore's `Config` with which a service is usually reached."""
        settings: dict[str, Any] = {
            "connect_timeout": self.config.connect_timeout_seconds,
            "read_timeout": self.config.read_timeout_seconds,
            "max_pool_connections": 32,
        }
        if service == "s3":
            settings["retries"] = {"mode": "standard"}
            if "AWS_MAX_ATTEMPTS" not in os.environ:
                settings["retries"]["total_max_attempts"] = S3_ATTEMPTS
        return settings

    def credentials(self) -> "ReadOnlyCredentials | None":
        """Return what signs a request that is made now, refreshed if it is about to expire.

        Returns:
            None where nothing was found: no keys, no profile, no role of the machine.

        Raises:
            ClientError: The role can't be assumed.
        """
        found = self.found_credentials
        return None if found is None else found.get_frozen_credentials()

    def expires_at(self) -> int | None:
        """Return when the present credentials expire, in seconds since 1970; None for never."""
        found = self.found_credentials
        expiry = getattr(found, "_expiry_time", None)  # botocore tells it nowhere else
        return int(expiry.timestamp()) if expiry is not None else None

    @property
    def account_id(self) -> str:
        """The account's twelve digits: the config's, else those that STS knows."""
        return self.config.account_id or self._found_account_id

    @cached_property
    def s3_endpoint(self) -> str | None:
        """The address of S3 where it is another than the region's public one."""
        address: str = self.client("s3").meta.endpoint_url
        host = urlsplit(address).netloc
        usual = rf"s3([.-]{re.escape(self.config.region)})?\.amazonaws\.com(\.cn)?"
        return None if re.fullmatch(usual, host) else address

    @property
    def storage_options(self) -> Mapping[str, Any]:
        """Polars' options for S3; no secret is among them."""
        config = self.config
        options = {
            "aws_region": config.region,
            "connect_timeout": f"{round(config.connect_timeout_seconds * 1000)}ms",
            "read_timeout": f"{round(config.read_timeout_seconds * 1000)}ms",
        }
        if self.s3_endpoint is not None:
            options["aws_endpoint_url"] = self.s3_endpoint
            if self.s3_endpoint.startswith("http://"):
                options["aws_allow_http"] = "true"
        return options

    @cached_property
    def credential_provider(self) -> "AwsCredentials":
        """Polars' source of credentials."""
        return AwsCredentials(self.config, mark=new_token())

    @cached_property
    def filesystem(self) -> "S3FileSystem":
        """The fsspec filesystem."""
        from glacier_aws.filesystem import s3_filesystem

        return s3_filesystem(self)

    @property
    def found_credentials(self) -> "Credentials | None":
        """The credentials as botocore keeps them, which may refresh themselves; None for none."""
        with self._lock:
            return self.boto_session.get_credentials()

    @cached_property
    def _found_account_id(self) -> str:
        return str(self.client("sts").get_caller_identity()["Account"])

    def _assumed(self, source: boto3.Session, role_arn: str) -> boto3.Session:
        """Return a session of a role, which is assumed on its first use and again as it expires."""
        arguments = {"RoleSessionName": _SESSION_NAME}
        if self.config.external_id is not None:
            arguments["ExternalId"] = self.config.external_id

        def client_of(service: str, **settings: Any) -> Any:  # Any: botocore's own signature
            return source.client(
                cast("Any", service), endpoint_url=self.config.endpoint_url, **settings
            )

        fetcher = AssumeRoleCredentialFetcher(
            client_creator=client_of,
            source_credentials=source.get_credentials(),
            role_arn=role_arn,
            extra_args=arguments,
        )
        core = botocore.session.Session(profile=self.config.profile)
        resolver = CredentialResolver([_AssumedRole(fetcher)])
        core.register_component("credential_provider", resolver)
        return boto3.Session(botocore_session=core, region_name=self.config.region)


class AwsCredentials(ConfigCredentials[AwsConfig]):
    """Gives Polars the credentials of a config's session."""

    def __call__(self) -> tuple[dict[str, str], int | None]:
        """Return what signs requests, and when it expires, in seconds since 1970."""
        session = session_of(self.config)
        found = session.credentials()
        if found is None:
            from botocore.exceptions import NoCredentialsError

            raise NoCredentialsError
        keys = {
            "aws_access_key_id": found.access_key,
            "aws_secret_access_key": found.secret_key,
            "aws_session_token": found.token,
        }
        return {name: value for name, value in keys.items() if value}, session.expires_at()


class _AssumedRole(CredentialProvider):
    """Lets botocore find the credentials of a role that is assumed on the first use."""

    METHOD = "assume-role"
    CANONICAL_NAME = "glacier-assumed-role"

    def __init__(self, fetcher: AssumeRoleCredentialFetcher) -> None:
        super().__init__()
        self._fetcher = fetcher

    def load(self) -> DeferredRefreshableCredentials:
        """Return credentials that assume the role when they are asked for."""
        return DeferredRefreshableCredentials(
            method=self.METHOD, refresh_using=self._fetcher.fetch_credentials
        )


def session_of(config: AwsConfig) -> AwsSession:
    """Return the session of a config, the same for equal configs in the same environment."""
    ambient = tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_")))
    return _session(config, ambient)


@lru_cache(maxsize=_KEPT_SESSIONS)
def _session(config: AwsConfig, ambient: tuple[tuple[str, str], ...]) -> AwsSession:  # noqa: ARG001
    return AwsSession(config)


def _revealed(secret: Any) -> str | None:  # Any: SecretStr, whose import the config has
    return None if secret is None else str(secret.get_secret_value())
