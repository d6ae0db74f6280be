"""Buckets on Blob Storage, each a container of the provider's storage account."""

import builtins
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from azure.core.credentials import AzureSasCredential
from azure.core.exceptions import AzureError, HttpResponseError

from glacier.claims import Claim
from glacier.drift import Difference
from glacier.errors import GlacierError
from glacier.globs import polars_glob
from glacier.object_store import ObjectStoreAdapter
from glacier.storage import Location, is_glob
from glacier.uploads.threads import for_all
from glacier_azure.answers import Answer, answer_in, answer_of, code_of
from glacier_azure.errors import of_answer, of_bucket
from glacier_azure.session import session_of
from glacier_azure.storage.deployment import container_drift, deploy_container, make_container
from glacier_azure.storage.settings import (
    ACCOUNT,
    CONTAINER,
    AccountSettings,
    ContainerSettings,
    account_settings,
    claims_of,
    container_settings,
)
from glacier_azure.storage.upload import BlockBlob

if TYPE_CHECKING:
    from azure.storage.blob import BlobProperties, ContainerClient
    from fsspec import AbstractFileSystem

    from glacier.provider import Provider
    from glacier.resources import Bucket
    from glacier.terraform import Block, Estate
    from glacier_azure.config import AzureConfig, BlobConfig
    from glacier_azure.session import AzureSession

STAGING = "glacier-staging"
"""The container through which jobs travel where a provider names none."""

_NOT_THERE = {"BlobNotFound", "ContainerNotFound", "ResourceNotFound"}
_DIRECTORY = "hdi_isfolder"


class BlobStorageAdapter(ObjectStoreAdapter):
    """Polars reads Blob Storage by itself; writes are blocks whose list a commit commits."""

    keys_per_deletion = 256

    def __init__(self, resource: "Bucket", provider: "Provider") -> None:
        super().__init__(resource, provider)
        self._config = cast("AzureConfig", provider.config)

    @classmethod
    def default_staging(cls, provider: "Provider") -> str | None:  # noqa: ARG003
        """Return the container for jobs in the provider's storage account."""
        return STAGING

    def prepare_staging(self) -> None:
        """Make the container where it is missing; its account has to be there."""
        if not self.has_bucket():
            make_container(self._session, ContainerSettings(self.resource.bucket_name))

    def claims(self) -> Iterable[Claim]:
        """Return what the resource's config says of its container and of the account."""
        return claims_of(self.resource)

    def deploy(self) -> None:
        """Make the container or update it, by what all resources of the provider say of it.

        The storage account too, where the provider's config names a subscription.

        Raises:
            ContradictionError: Two of them set a field differently.
            ConfigError: A field needs a subscription, and the config names none.
        """
        deploy_container(self._session, *self._wanted(), self.provider.tags)

    def drift(self) -> Iterable[Difference]:
        """Return where the container and its account differ from what all resources say of them."""
        return tuple(container_drift(self._session, *self._wanted(), self.provider.tags))

    def _wanted(self) -> "tuple[ContainerSettings, AccountSettings]":
        name, session = self.resource.bucket_name, self._session
        container = container_settings(name, self.settings(CONTAINER, name))
        said = self.settings(ACCOUNT, self._config.storage_account or "")
        return container, account_settings(session.account.name, said)

    def blocks(self, estate: "Estate") -> "Iterable[Block]":
        """Return the container and its storage account as blocks of Terraform."""
        from glacier_azure.terraform.bucket import bucket_blocks

        return bucket_blocks(estate, self.resource)

    def location(self) -> Location:
        """Return where the bucket's path lies; touches no data.

        Raises:
            ConfigError: The provider's config names no storage account.
        """
        session, path = self._session, self.resource.path
        return Location(
            uri=self._uri(polars_glob(path) if is_glob(path) else path),
            path=f"{self.resource.bucket_name}/{path}",
            filesystem=lambda: session.filesystem,
            storage_options=session.storage_options,
            credential_provider=session.credential_provider,
            is_glob=is_glob(path),
        )

    def get_uri(self) -> str:
        """Return `abfs://container@account.dfs.core.windows.net/path`.

        Raises:
            ConfigError: The provider's config names no storage account.
        """
        return self._uri(self.resource.path)

    @property
    def filesystem(self) -> "AbstractFileSystem":
        """adlfs, with the identity of the config."""
        return self._session.filesystem

    def has_bucket(self) -> bool:
        """Return whether the container is there."""
        return self._is_there(self._container.get_container_properties)

    def has_object(self) -> bool:
        """Return whether a blob has the path as its name."""
        client, found = self._container.get_blob_client(self.resource.path), []
        is_there = self._is_there(lambda: found.append(client.get_blob_properties()))
        return is_there and not _is_directory(found[0])

    def objects(self, prefix: str) -> Iterator[str]:
        """Yield the names of all blobs that start with a prefix."""
        for blob in self._container.list_blobs(name_starts_with=prefix, include=["metadata"]):
            if not _is_directory(blob) and not blob.name.endswith("/"):
                yield blob.name

    def remove(self, keys: builtins.list[str]) -> None:
        """Delete blobs; nothing happens about those that aren't there.

        By one request, but for a signature: Azurite fails at a batch that it signs.
        """
        is_signed = isinstance(self._session.account.credential, AzureSasCredential)
        if len(keys) == 1 or is_signed:
            for_all(self._remove_one, keys)
            return
        answers = self._container.delete_blobs(
            *keys, delete_snapshots="include", raise_on_any_failure=False
        )
        for key, answer in zip(keys, answers, strict=True):
            if answer.status_code not in {202, 404}:
                refused = answer_in(answer, f"{self.resource.bucket_name}/{key}")
                raise of_answer(refused, self._uri(key), self._session)

    def _remove_one(self, key: str) -> None:
        try:
            self._container.get_blob_client(key).delete_blob(delete_snapshots="include")
        except HttpResponseError as error:
            if code_of(error) != "BlobNotFound":
                raise

    def upload(self, key: str, token: str, *, is_exclusive: bool) -> BlockBlob:
        """Return a blob that a stage is going to write."""
        config = cast("BlobConfig | None", self.resource.config)
        is_set = config is not None and "tier" in config.model_fields_set
        tier = config.tier if config is not None and is_set else None
        client, uri = self._container.get_blob_client(key), self._uri(key)
        return BlockBlob(client, uri, token, tier, is_exclusive=is_exclusive)

    def is_in_the_way(self, error: Exception) -> bool:
        """Return whether Azure has refused to replace a blob."""
        return code_of(error) in {"BlobAlreadyExists", "ConditionNotMet"}

    def is_bucket_missing(self, error: Exception) -> bool:
        """Return whether Azure has said that there is no such container."""
        return code_of(error) == "ContainerNotFound"

    def translate(self, error: Exception) -> GlacierError | None:
        """Return Glacier's error for one of Azure's SDKs, of adlfs or of Polars' object store.

        Where the error has Azure's status alone, as that of a HEAD request of Polars, Azure is
        asked once more for the reason.
        """
        answer = answer_of(error) or self._missing(error)
        if answer is not None and answer.is_bare and self._is_about(answer):
            answer = self._reason(answer) or answer
        return of_bucket(error, self.get_uri(), self._session, answer)

    def _missing(self, error: Exception) -> Answer | None:
        """Return the status that adlfs drops where it says that a path of this container is not.

        It says the same of a container that is not there.
        """
        place = str(error.filename) if isinstance(error, FileNotFoundError) else ""
        is_own = place.startswith(f"{self.resource.bucket_name}/")
        return Answer("404", place=place) if is_own else None

    def _is_about(self, answer: Answer) -> bool:
        """Return whether an answer is about this container, and not about one that is read too."""
        root = f"{self.resource.bucket_name}/"
        return answer.place is None or answer.place.startswith(root)

    def _reason(self, answer: Answer) -> Answer | None:
        """Return why Azure refuses, from an answer with a code; None if it does not any more."""
        path = self.resource.path
        key = path if answer.place is None else answer.place.partition("/")[2]
        try:
            if key and not self.resource.is_dataset:
                self._container.get_blob_client(key).get_blob_properties()
            else:
                next(self._container.list_blob_names(name_starts_with=path).by_page(), None)
        except AzureError as error:
            found = answer_of(error)
            return None if found is None else replace(found, place=answer.place)
        return None

    @property
    def _session(self) -> "AzureSession":
        return session_of(self._config)

    @property
    def _container(self) -> "ContainerClient":
        return self._session.blobs.get_container_client(self.resource.bucket_name)

    def _uri(self, path: str) -> str:
        account = self._session.account
        return f"abfs://{self.resource.bucket_name}@{account.name}.dfs.{account.suffix}/{path}"

    def _is_there(self, ask: Callable[[], object]) -> bool:
        try:
            ask()
        except HttpResponseError as error:
            if code_of(error) in _NOT_THERE:
                return False
            raise
        return True


def _is_directory(blob: "BlobProperties") -> bool:
    """Return whether it stands for a directory, in a hierarchical namespace or by some tool."""
    return bool((blob.metadata or {}).get(_DIRECTORY) == "true")
