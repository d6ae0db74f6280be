"""The fsspec filesystem of Blob Storage, which asks the config's session for its credential."""

import asyncio
from typing import TYPE_CHECKING, Any

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.core.exceptions import ClientAuthenticationError

from glacier.errors import MissingPackageError

try:
    from adlfs import AzureBlobFileSystem
    from azure.storage.blob.aio import BlobServiceClient, ExponentialRetry
except ImportError as error:
    raise MissingPackageError(
        "Files on Blob Storage need adlfs, which is not installed. "
        'Run: pip install "glacier-core[azure]"',
        extra="azure",
    ) from error

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken, TokenCredential

    from glacier_azure.session import AzureSession


def blob_filesystem(session: "AzureSession") -> AzureBlobFileSystem:
    """Return a new filesystem of a session's storage account and identity.

    It keeps no listings: what it says is what the store says now.
    """
    return _SessionFileSystem(session, use_listings_cache=False, skip_instance_cache=True)


class _SessionFileSystem(AzureBlobFileSystem):  # type: ignore[misc]  # no types upstream
    """adlfs, but for where its client comes from: never from variables that it knows by itself."""

    cachable = False

    def __init__(self, session: "AzureSession", **settings: Any) -> None:  # Any: fsspec's own
        self._session = session
        super().__init__(
            account_name=session.account.name,
            credential=_shared(session.account.checked_credential()),
            **settings,
        )

    def do_connect(self) -> None:
        """Make the client, of the session's endpoint and identity."""
        self.service_client = BlobServiceClient(
            self._session.account.endpoint,
            credential=self.credential,
            retry_policy=_PromptRetries(**self._session.client_settings()),
            **self._session.client_settings(),
        )


class _PromptRetries(ExponentialRetry):
    """The same as `PromptRetries` of the session, for the asynchronous client."""

    def increment(self, settings: Any, *request_and_answer: Any, **error: Any) -> bool:
        """Return whether a request is tried again."""
        if isinstance(error.get("error"), ClientAuthenticationError):
            return False
        return super().increment(settings, *request_and_answer, **error)


class _SharedToken:
    """Lets an asynchronous client ask the session's one credential for its tokens."""

    def __init__(self, credential: "TokenCredential") -> None:
        self._credential = credential

    async def get_token(self, *scopes: str, **settings: Any) -> "AccessToken":
        """Return a token, got in a thread since the credential waits for its answer."""
        return await asyncio.to_thread(self._credential.get_token, *scopes, **settings)

    async def close(self) -> None:
        """Do nothing: the credential is the session's."""


def _shared(credential: Any) -> Any:  # Any: of three kinds, two of which every client takes
    if isinstance(credential, AzureNamedKeyCredential | AzureSasCredential):
        return credential
    return _SharedToken(credential)
