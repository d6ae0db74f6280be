"""Buckets on Google Cloud Storage."""

import builtins
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from google.api_core.exceptions import NotFound

from glacier.claims import Claim
from glacier.drift import Difference
from glacier.errors import GlacierError
from glacier.globs import polars_glob
from glacier.object_store import ObjectStoreAdapter
from glacier.storage import Location, Stage, WriteMode, is_glob
from glacier_gcp.answers import Answer, answer_of
from glacier_gcp.errors import of_bucket
from glacier_gcp.session import session_of
from glacier_gcp.storage.deployment import bucket_drift, deploy_bucket, own_bucket
from glacier_gcp.storage.exclusive import ExclusiveGcsObject
from glacier_gcp.storage.objects import delete, listed, look
from glacier_gcp.storage.settings import BUCKET, bucket_settings, claim_of
from glacier_gcp.storage.sweep import sweep
from glacier_gcp.storage.upload import GcsObject

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem

    from glacier.provider import Provider
    from glacier.resources import Bucket
    from glacier.terraform import Block, Estate
    from glacier_gcp.config import GcpConfig
    from glacier_gcp.session import GcpSession
    from glacier_gcp.storage.settings import BucketSettings

_LONGEST_NAME = 63


class GcsAdapter(ObjectStoreAdapter):
    """Polars reads Cloud Storage by itself; writes are uploads that a commit completes."""

    def __init__(self, resource: "Bucket", provider: "Provider") -> None:
        super().__init__(resource, provider)
        self._config = cast("GcpConfig", provider.config)

    @classmethod
    def default_staging(cls, provider: "Provider") -> str | None:
        """Return the project's own bucket for jobs in the provider's region."""
        config = cast("GcpConfig", provider.config)
        project = config.project.replace(":", "-").replace(".", "-")  # of a domain's own
        name = f"glacier-staging-{project}-{config.region}"
        if len(name) <= _LONGEST_NAME and "google" not in name:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        return f"glacier-staging-{digest}-{config.region}"

    def prepare_staging(self) -> None:
        """Make the bucket where it is missing, with the settings that are safe.

        Raises:
            AccessDeniedError: Another project owns a bucket of this name: it would get the jobs.
        """
        if own_bucket(self._session, self.resource.bucket_name) is None:
            self.deploy()

    def claims(self) -> Iterable[Claim]:
        """Return what the resource's config says of its bucket."""
        return (claim_of(self.resource),)

    def deploy(self) -> None:
        """Make the bucket or update it, by what all resources of the provider say of it.

        Raises:
            ContradictionError: Two of them set a field differently.
        """
        deploy_bucket(self._session, self._wanted, self.provider.tags)

    def drift(self) -> Iterable[Difference]:
        """Return where the bucket differs from what all resources of the provider say of it."""
        return tuple(bucket_drift(self._session, self._wanted, self.provider.tags))

    @property
    def _wanted(self) -> "BucketSettings":
        name = self.resource.bucket_name
        return bucket_settings(name, self.settings(BUCKET, name))

    def blocks(self, estate: "Estate") -> "Iterable[Block]":
        """Return the bucket and its settings as blocks of Terraform."""
        from glacier_gcp.terraform.bucket import bucket_blocks

        return bucket_blocks(estate, self.resource)

    def location(self) -> Location:
        """Return where the bucket's path lies; touches no data."""
        session, path = self._session, self.resource.path
        return Location(
            uri=f"gs://{self.resource.bucket_name}/{polars_glob(path) if is_glob(path) else path}",
            path=f"{self.resource.bucket_name}/{path}",
            filesystem=lambda: session.filesystem,
            storage_options=session.storage_options,
            credential_provider=None if session.is_anonymous else session.credential_provider,
            table_options=session.credential_provider.table_options,
            is_glob=is_glob(path),
        )

    def get_uri(self) -> str:
        """Return `gs://bucket/path`."""
        return f"gs://{self.resource.bucket_name}/{self.resource.path}"

    @property
    def filesystem(self) -> "AbstractFileSystem":
        """gcsfs, with the identity of the config."""
        return self._session.filesystem

    def has_bucket(self) -> bool:
        """Return whether the bucket is there.

        One object of it is asked for: to see the bucket itself takes a right that roles for
        objects do not have.
        """
        try:
            next(self._listed("", most=1), None)
        except NotFound:
            return False
        return True

    def has_object(self) -> bool:
        """Return whether an object has the path as its name."""
        try:
            look(self._session, self.resource.bucket_name, self.resource.path)
        except NotFound:
            return False
        return True

    def objects(self, prefix: str) -> Iterator[str]:
        """Yield the names of all objects that start with a prefix."""
        for name in self._listed(prefix):
            if not name.endswith("/"):  # consoles make such for directories
                yield name

    def remove(self, keys: builtins.list[str]) -> None:
        """Delete an object; nothing happens where it isn't there."""
        for key in keys:
            delete(self._session, self.resource.bucket_name, key)

    def upload(self, key: str, token: str, *, is_exclusive: bool) -> GcsObject:
        """Return an object that a stage is going to write."""
        kind = ExclusiveGcsObject if is_exclusive else GcsObject
        return kind(self._session, self.resource.bucket_name, key, token)

    def commit(self, stage: Stage, mode: WriteMode) -> None:
        """Complete the uploads, and abort those that a killed process has left there.

        Raises:
            ObjectExistsError: `mode` is `error` or `ignore` and data has appeared meanwhile.
        """
        super().commit(stage, mode)
        sweep(self._session, self.resource.bucket_name, self.resource.path)

    def is_in_the_way(self, error: Exception) -> bool:
        """Return whether Google has refused to replace an object."""
        answer = answer_of(error)
        return answer is not None and answer.is_condition_failed

    def is_bucket_missing(self, error: Exception) -> bool:
        """Return whether Google has said that there is no such bucket."""
        answer = answer_of(error)
        return answer is not None and answer.is_bucket_missing

    def translate(self, error: Exception) -> GlacierError | None:
        """Return Glacier's error for one of Google's clients, of gcsfs or of Polars' store.

        Where the error has Google's status alone, as that of a HEAD request, Google is asked once
        more for the reason.
        """
        answer = answer_of(error)
        if answer is not None and answer.is_bare and self._is_about(answer):
            answer = self._reason(answer) or answer
        return of_bucket(error, self.get_uri(), self._session, answer)

    def _is_about(self, answer: Answer) -> bool:
        """Return whether an answer is about this bucket, and not about one that is read too."""
        root = f"gs://{self.resource.bucket_name}/"
        return answer.place is None or answer.place.startswith(root)

    def _reason(self, answer: Answer) -> Answer | None:
        """Return why Google refuses, from an answer in words; None if it does not any more."""
        path = self.resource.path
        root = f"gs://{self.resource.bucket_name}/"
        key = path if answer.place is None else answer.place.removeprefix(root)
        try:
            if key and not self.resource.is_dataset:
                look(self._session, self.resource.bucket_name, key)
            else:
                next(self._listed(path, most=1), None)
        except GcsObject.failures as error:
            found = answer_of(error)
            return None if found is None else replace(found, place=answer.place)
        return None

    def _listed(self, prefix: str, most: int | None = None) -> Iterator[str]:
        return listed(self._session, self.resource.bucket_name, prefix, most)

    @property
    def _session(self) -> "GcpSession":
        return session_of(self._config)
