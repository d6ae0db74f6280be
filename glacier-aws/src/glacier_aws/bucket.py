"""Buckets on S3."""

import builtins
import re
import shutil
import tempfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError
from fsspec.implementations.local import LocalFileSystem
from fsspec.utils import glob_translate

from glacier.adapters import BucketAdapter
from glacier.claims import Claim, claims_on, settled
from glacier.errors import GlacierError, ObjectExistsError, StorageError
from glacier.fsspec_tree import fixed_directory
from glacier.globs import polars_glob
from glacier.publishing import publish_dataset
from glacier.storage import RESERVED_PREFIX, Location, Stage, WriteMode, is_glob, new_token
from glacier.uploads.threads import for_all
from glacier_aws.answers import Answer, answer_of
from glacier_aws.errors import code_of, of_answer, of_bucket, of_identity
from glacier_aws.session import session_of
from glacier_aws.storage.deployment import deploy_bucket, is_own_bucket
from glacier_aws.storage.settings import bucket_settings, claim_of
from glacier_aws.storage.upload import Uploads

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem
    from mypy_boto3_s3 import S3Client

    from glacier.provider import Provider
    from glacier.resources import Bucket
    from glacier.terraform import Block, Estate
    from glacier_aws.config import AwsConfig

_KEYS_PER_DELETION = 1000
_NOT_THERE = {"404", "NoSuchBucket", "NoSuchKey"}


class S3BucketAdapter(BucketAdapter):
    """Polars reads S3 by itself; writes are multipart uploads that a commit completes."""

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

    def claim(self) -> Claim:
        """Return what the resource's config says of its bucket."""
        return claim_of(self.resource)

    def deploy(self) -> None:
        """Make the bucket or update it, by what all resources of the provider say of it.

        Raises:
            ContradictionError: Two of them set a field differently.
        """
        name = self.resource.bucket_name
        settings = bucket_settings(name, settled(self._claims()))
        deploy_bucket(session_of(self._config), settings, self.provider.tags)

    def _claims(self) -> builtins.list[Claim]:
        """Return what is said of the bucket: by the provider's resources, and by this one.

        A part of one of them, as of `bucket / "sub"`, shares its config and adds nothing.
        """
        name, config = self.resource.bucket_name, self.resource.config
        claims = claims_on(self.provider, "bucket", name)
        is_heard = any(
            getattr(one, "bucket_name", None) == name and one.config is config
            for one in self.provider.get_resources()
        )
        return claims if is_heard else [*claims, self.claim()]

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

    def exists(self) -> bool:
        """Return whether the path holds data, or for an empty path whether the bucket is there."""
        try:
            if self.resource.path == "":
                self._client.head_bucket(Bucket=self.resource.bucket_name)
            elif not self.resource.is_dataset:
                self._client.head_object(Bucket=self.resource.bucket_name, Key=self.resource.path)
            else:
                return any(True for _ in self._keys())
        except self._client.exceptions.ClientError as error:
            if code_of(error) in _NOT_THERE:
                return False
            raise
        return True

    def list(self) -> builtins.list[str]:
        """Return the paths of all visible files below the path, relative to the bucket, sorted."""
        if not self._is_tree:
            return [self.resource.path] if self.exists() else []
        return sorted(self._keys())

    def delete(self) -> None:
        """Delete what the path holds; nothing happens where nothing is."""
        self._remove(self.list() if self._is_tree else [self.resource.path])

    def stage(self) -> Stage:
        """Return what uploads to the path itself, or for tables a directory of this machine."""
        token = new_token()
        if self.resource.is_table:
            path = f"{tempfile.mkdtemp(prefix='glacier-')}/rows.parquet"
            return Stage(Location(uri=path, path=path, filesystem=LocalFileSystem), token)
        files = Uploads(
            self._client,
            self.resource.bucket_name,
            self.resource.path,
            token,
            translate=self.translate,
        )
        return Stage(self.location(), token, files)

    def commit(self, stage: Stage, mode: WriteMode) -> None:
        """Complete the uploads: one object in one step, a dataset's before its old ones go.

        Raises:
            ObjectExistsError: `mode` is `error` or `ignore` and data has appeared meanwhile.
        """
        uploads = cast("Uploads", stage.files)
        is_exclusive = mode in {"error", "ignore"}
        if not self.resource.is_dataset:
            self._complete(uploads, is_exclusive=is_exclusive)
            return
        if is_exclusive and self.exists():
            raise self._appeared()
        publish_dataset(
            uploads.keys,
            superseded=self.list() if mode == "overwrite" else [],
            publish=uploads.complete,
            remove=self._remove,
        )

    def discard(self, stage: Stage) -> None:
        """Give up what a stage has not made visible."""
        if isinstance(stage.files, Uploads):
            stage.files.abort()
        else:
            shutil.rmtree(Path(stage.location.path).parent, ignore_errors=True)

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
    def _is_tree(self) -> bool:
        """Whether the path stands for many objects: a dataset, or a table, whatever its end."""
        return self.resource.is_dataset or self.resource.is_table

    @property
    def _client(self) -> "S3Client":
        return cast("S3Client", session_of(self._config).client("s3"))

    def _complete(self, uploads: Uploads, *, is_exclusive: bool) -> None:
        try:
            uploads.complete(is_exclusive=is_exclusive)
        except self._client.exceptions.ClientError as error:
            if code_of(error) in {"PreconditionFailed", "412"}:
                raise self._appeared() from error
            raise

    def _appeared(self) -> ObjectExistsError:
        return ObjectExistsError(f"{self.get_uri()} was written by somebody else meanwhile.")

    def _keys(self) -> Iterator[str]:
        """Yield the visible keys of a dataset, a table or a glob."""
        path = self.resource.path if self.resource.is_dataset else f"{self.resource.path}/"
        pattern = re.compile(glob_translate(path)) if is_glob(path) else None
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.resource.bucket_name, Prefix=fixed_directory(path)
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                key = entry["Key"]
                # Consoles make empty objects that stand for directories.
                is_hidden = key.startswith(RESERVED_PREFIX) or key.endswith("/")
                if not is_hidden and (pattern is None or pattern.match(key)):
                    yield key

    def _remove(self, keys: Collection[str]) -> None:
        """Remove objects; nothing happens about those that aren't there."""
        names = list(keys)
        chunks = [
            names[at : at + _KEYS_PER_DELETION] for at in range(0, len(names), _KEYS_PER_DELETION)
        ]
        for_all(self._remove_some, chunks)

    def _remove_some(self, keys: builtins.list[str]) -> None:
        answer = self._client.delete_objects(
            Bucket=self.resource.bucket_name,
            Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
        )
        for error in answer.get("Errors", ()):
            refused = Answer(error.get("Code", ""), error.get("Message", ""))
            uri = f"s3://{self.resource.bucket_name}/{error.get('Key', '')}"
            raise of_answer(refused, uri, self._config)
