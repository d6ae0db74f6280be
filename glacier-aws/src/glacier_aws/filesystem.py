"""The fsspec filesystem of S3, which asks the config's boto3 session for its credentials."""

import asyncio
from typing import TYPE_CHECKING

from botocore.credentials import RefreshableCredentials
from botocore.exceptions import NoCredentialsError

from glacier.errors import MissingPackageError

try:
    from aiobotocore.credentials import AioCredentials
    from aiobotocore.session import AioSession
    from s3fs import S3FileSystem
except ImportError as error:
    raise MissingPackageError(
        'Files on S3 need s3fs, which is not installed. Run: pip install "glacier-core[aws]"',
        extra="aws",
    ) from error

if TYPE_CHECKING:
    from botocore.credentials import ReadOnlyCredentials

    from glacier_aws.session import AwsSession


def s3_filesystem(session: "AwsSession") -> S3FileSystem:
    """Return a new filesystem of a session's identity, region and endpoint.

    It keeps no listings: what it says is what the store says now.
    """
    own = AioSession(profile=session.config.profile)
    own.register_component("credential_provider", _SharedCredentials(session))
    return S3FileSystem(
        session=own,
        endpoint_url=session.s3_endpoint,
        client_kwargs={"region_name": session.config.region},
        config_kwargs=session.client_settings("s3"),
        use_listings_cache=False,
        skip_instance_cache=True,
    )


class _SharedCredentials:
    """Where aiobotocore looks for credentials, in place of its own chain of providers."""

    def __init__(self, session: "AwsSession") -> None:
        self._session = session

    async def load_credentials(self) -> "_SessionCredentials":
        """Return the session's credentials.

        Raises:
            NoCredentialsError: It has none; s3fs would go on without.
        """
        found = await asyncio.to_thread(self._session.credentials)
        if found is None:
            raise NoCredentialsError
        return _SessionCredentials(self._session, found)


class _SessionCredentials(AioCredentials):  # type: ignore[misc] # it has no types upstream
    """The session's credentials, asked for anew for every request that is signed."""

    def __init__(self, session: "AwsSession", found: "ReadOnlyCredentials") -> None:
        super().__init__(found.access_key, found.secret_key, found.token)
        self._session = session

    async def get_frozen_credentials(self) -> "ReadOnlyCredentials | None":
        """Return what signs a request; to refresh it may take a request of its own."""
        if isinstance(self._session.found_credentials, RefreshableCredentials):
            return await asyncio.to_thread(self._session.credentials)
        return self._session.credentials()
