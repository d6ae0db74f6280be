"""Buckets on S3."""

import builtins
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from glacier.claims import Claim
from glacier.drift import Difference
from glacier.errors import GlacierError, StorageError
from glacier.globs import polars_glob
from glacier.object_store import ObjectStoreAdapter
from glacier.storage import Location, Stage, WriteMode, is_glob
from glacier_aws.answers import Answer, answer_of
from glacier_aws.errors import code_of, of_answer, of_bucket, of_identity
from glacier_aws.session import session_of
from glacier_aws.storage.deployment import deploy_bucket, is_own_bucket
from glacier_aws.storage.drift import bucket_drift
from glacier_aws.storage.settings import bucket_settings, claim_of
from glacier_aws.storage.sweep import sweep
from glacier_aws.storage.upload import S3Object

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from mypy_boto3_s3 import S3Client

    from glacier.provider import Provider
    from glacier.resources import Bucket
    from glacier.terraform import Block, Estate
    from glacier_aws.config import AwsConfig

_NOT_THERE = {"404", "NoSuchBucket", "NoSuchKey"}


class S3BucketAdapter(ObjectStoreAdapter):
    """Polars reads S3 by itself; writes are multipart uploads that a commit completes."""

    keys_per_deletion = 1000

    def __init__(self, resource: "Bucket", provider: "Provider") -> None:
        super().__init__(resource, provider)
        self._config = cast("AwsConfig", provider.config)

    @classmethod
    def default_staging(cls, provider: "Provider") -> str | None:
        """Return the account's own bucket for jobs in the provider's region.

        Raises:
            AccessDeniedError: The account's number is not in the config, and STS refuses to tell.
            StorageError: STS can't be reached.
        """
        config = cast("AwsConfig", provider.config)
        try:
            account_id = session_of(config).account_id
        except (BotoCoreError, ClientError) as error:
            known = of_identity(error, "the account's number", config)
            raise known or StorageError(
                f"The default staging bucket has the account's number in its name, and STS does "
                f"not tell it: {error}. Set AwsConfig(account_id=...), or name a bucket by "
                "Provider(..., staging=...)."
            ) from error
        return f"glacier-staging-{account_id}-{config.region}"

    def prepare_staging(self) -> None:
        """Make the bucket where it is missing, with the settings that are safe.

        Raises:
            AccessDeniedError: Another account owns a bucket of this name: it would get the jobs.
        """
        if not is_own_bucket(session_of(self._config), self.resource.bucket_name):
            self.deploy()

    def claims(self) -> Iterable[Claim]:
        """Return what the resource's config says of its bucket."""
        return (claim_of(self.resource),)

    def deploy(self) -> None:
        """Make the bucket or update it, by what all resources of the provider say of it.

        Raises:
            ContradictionError: Two of them set a field differently.
        """
        name = self.resource.bucket_name
        settings = bucket_settings(name, self.settings("bucket", name))
        deploy_bucket(session_of(self._config), settings, self.provider.tags)

    def drift(self) -> Iterable[Difference]:
        """Return where the bucket differs from what all resources of the provider say of it."""
        name = self.resource.bucket_name
        settings = bucket_settings(name, self.settings("bucket", name))
        return bucket_drift(session_of(self._config), settings, self.provider.tags)

    def blocks(self, estate: "Estate") -> "Iterable[Block]":
        """Return the bucket and its settings as blocks of Terraform."""
        from glacier_aws.terraform.bucket import bucket_blocks

        return bucket_blocks(estate, self.resource)

    def location(self) -> Location:
        """Return where the bucket's path lies; touches no data."""
        session = session_of(self._config)
        path = self.resource.path
        return Location(
            uri=f"s3://{self.resource.bucket_name}/{polars_glob(path) if is_glob(path) else path}",
            path=f"{self.resource.bucket_name}/{path}",
            filesystem=lambda: session.filesystem,
            storage_options=session.storage_options,
            credential_provider=session.credential_provider,
            is_glob=is_glob(path),
        )

    def get_uri(self) -> str:
        """Return `s3://bucket/path`."""
        return f"s3://{self.resource.bucket_name}/{self.resource.path}"

    @property
    def filesystem(self) -> "AbstractFileSystem":
        """s3fs, with the identity of the config."""
        return session_of(self._config).filesystem

    def has_bucket(self) -> bool:
        """Return whether the bucket is there."""
        return self._is_there(lambda: self._client.head_bucket(Bucket=self.resource.bucket_name))

    def has_object(self) -> bool:
        """Return whether an object has the path as its key."""
        name, key = self.resource.bucket_name, self.resource.path
        return self._is_there(lambda: self._client.head_object(Bucket=name, Key=key))

    def objects(self, prefix: str) -> Iterator[str]:
        """Yield the keys of all objects that start with a prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.resource.bucket_name, Prefix=prefix
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                if not entry["Key"].endswith("/"):  # consoles make such for directories
                    yield entry["Key"]

    def remove(self, keys: builtins.list[str]) -> None:
        """Delete objects by one request; nothing happens about those that aren't there."""
        answer = self._client.delete_objects(
            Bucket=self.resource.bucket_name,
            Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
        )
        for error in answer.get("Errors", ()):
            refused = Answer(error.get("Code", ""), error.get("Message", ""))
            uri = f"s3://{self.resource.bucket_name}/{error.get('Key', '')}"
            raise of_answer(refused, uri, self._config)

    def upload(self, key: str, token: str, *, is_exclusive: bool) -> S3Object:
        """Return an object that a stage is going to write."""
        name = self.resource.bucket_name
        return S3Object(self._client, name, key, token, is_exclusive=is_exclusive)

    def is_in_the_way(self, error: Exception) -> bool:
        """Return whether S3 has refused to replace an object."""
        return code_of(error) in {"PreconditionFailed", "412"}

    def is_bucket_missing(self, error: Exception) -> bool:
        """Return whether S3 has said that there is no such bucket."""
        return code_of(error) == "NoSuchBucket"

    def commit(self, stage: Stage, mode: WriteMode) -> None:
        """Complete the uploads, and abort those that a killed process has left there.

        Raises:
            ObjectExistsError: `mode` is `error` or `ignore` and data has appeared meanwhile.
        """
        super().commit(stage, mode)
        sweep(self._client, self.resource.bucket_name, self.resource.path)

    def translate(self, error: Exception) -> GlacierError | None:
        """Return Glacier's error for one of boto3, of s3fs or of Polars' object store.

        Where S3 has given its status alone, as it does to HEAD requests, it is asked once more
        for the reason.
        """
        answer = answer_of(error)
        if answer is not None and answer.is_bare and self._is_about(answer):
            answer = self._reason(answer) or answer
        return of_bucket(error, self.get_uri(), self._config, answer)

    def _is_about(self, answer: Answer) -> bool:
        """Return whether an answer is about this bucket, and not about one that is read too."""
        root = f"s3://{self.resource.bucket_name}/"
        return answer.place is None or answer.place.startswith(root)

    def _reason(self, answer: Answer) -> Answer | None:
        """Return why S3 refuses, from a request that it answers in words; None if it does not."""
        name = self.resource.bucket_name
        try:
            if answer.code in {"301", "307"}:
                return replace(answer, region=self._client.head_bucket(Bucket=name)["BucketRegion"])
            self._client.list_objects_v2(Bucket=name, Prefix=self.resource.path, MaxKeys=1)
        except (ClientError, BotoCoreError) as error:
            return answer_of(error)
        return None

    @property
    def _client(self) -> "S3Client":
        return cast("S3Client", session_of(self._config).client("s3"))

    def _is_there(self, ask: Callable[[], object]) -> bool:
        try:
            ask()
        except ClientError as error:
            if code_of(error) in _NOT_THERE:
                return False
            raise
        return True
