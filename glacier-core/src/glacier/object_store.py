"""Buckets of stores that keep objects by their keys, and take them part by part.

S3, Azure Blob Storage and GCS differ in their clients, not in what a bucket is: this is the half
that they share. A write uploads to the very keys that the objects will have and becomes visible
when its commit completes the uploads (`glacier.uploads`).
"""

import builtins
import re
import shutil
import tempfile
from abc import abstractmethod
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import cast

from fsspec.implementations.local import LocalFileSystem
from fsspec.utils import glob_translate

from glacier.adapters import BucketAdapter
from glacier.claims import Settings, claims_on, settled
from glacier.errors import ObjectExistsError
from glacier.fsspec_tree import fixed_directory
from glacier.publishing import publish_dataset
from glacier.storage import RESERVED_PREFIX, Location, Stage, WriteMode, is_glob, new_token
from glacier.uploads.multipart import MultipartObject
from glacier.uploads.stage import Uploads
from glacier.uploads.threads import for_all

_EXCLUSIVE = {"error", "ignore"}
"""The modes of writes that may replace nothing."""


class ObjectStoreAdapter(BucketAdapter):
    """What every object store does alike; a cloud's adapter adds the requests.

    Attributes:
        keys_per_deletion: How many objects one request of the store can delete.
    """

    keys_per_deletion: int = 1

    @abstractmethod
    def has_bucket(self) -> bool:
        """Return whether the bucket is there; False only where the store says so."""

    @abstractmethod
    def has_object(self) -> bool:
        """Return whether an object has the path as its key; False only where the store says so."""

    @abstractmethod
    def objects(self, prefix: str) -> Iterator[str]:
        """Yield the keys that start with a prefix; not those that only stand for a directory."""

    @abstractmethod
    def remove(self, keys: builtins.list[str]) -> None:
        """Delete up to `keys_per_deletion` objects; nothing happens about those that aren't there.

        Raises:
            GlacierError: The store refuses one of them.
        """

    @abstractmethod
    def upload(self, key: str, token: str, *, is_exclusive: bool) -> MultipartObject:
        """Return the store's side of an object that a stage is going to write.

        Args:
            key: The key that it will have.
            token: The stage's token, which the object carries.
            is_exclusive: Whether to refuse where an object has the key when it is completed.
        """

    @abstractmethod
    def is_in_the_way(self, error: Exception) -> bool:
        """Return whether the store has refused to complete an object since one has its key."""

    def settings(self, kind: str, name: str) -> Settings:
        """Return what the provider's resources, and this one, say of a thing together.

        A part of one of them, as of `bucket / "sub"`, shares its config and adds nothing.

        Args:
            kind: What the thing is, such as `bucket`.
            name: Its name on the platform.

        Raises:
            ContradictionError: Two of them set a field differently; it names both.
        """
        config = self.resource.config
        found = claims_on(self.provider, kind, name)
        is_heard = any(
            getattr(one, "bucket_name", None) == self.resource.bucket_name and one.config is config
            for one in self.provider.get_resources()
        )
        own = () if is_heard else self.claims()
        return settled([*found, *(one for one in own if (one.kind, one.name) == (kind, name))])

    def exists(self) -> bool:
        """Return whether the path holds data, or for an empty path whether the bucket is there."""
        if self.resource.path == "":
            return self.has_bucket()
        if not self.resource.is_dataset:
            return self.has_object()
        try:
            return any(True for _ in self._keys())
        except Exception as error:
            if self.is_bucket_missing(error):
                return False
            raise

    @abstractmethod
    def is_bucket_missing(self, error: Exception) -> bool:
        """Return whether the store has said that there is no such bucket."""

    def list(self) -> builtins.list[str]:
        """Return the paths of all visible files below the path, relative to the bucket, sorted."""
        if not self._is_tree:
            return [self.resource.path] if self.exists() else []
        return sorted(self._keys())

    def delete(self) -> None:
        """Delete what the path holds; nothing happens where nothing is."""
        self._remove(self.list() if self._is_tree else [self.resource.path])

    def stage(self, mode: WriteMode) -> Stage:
        """Return what uploads to the path itself, or for tables a directory of this machine.

        Files of a dataset have names of their own, so that none of them can be in another's way.
        """
        token = new_token()
        if self.resource.is_table:
            path = f"{tempfile.mkdtemp(prefix='glacier-')}/rows.parquet"
            return Stage(Location(uri=path, path=path, filesystem=LocalFileSystem), token)
        is_exclusive = mode in _EXCLUSIVE and not self.resource.is_dataset
        files = Uploads(
            self.resource.path,
            lambda key: self.upload(key, token, is_exclusive=is_exclusive),
            translate=self.translate,
        )
        return Stage(self.location(), token, files)

    def commit(self, stage: Stage, mode: WriteMode) -> None:
        """Complete the uploads: one object in one step, a dataset's before its old ones go.

        Raises:
            ObjectExistsError: `mode` is `error` or `ignore` and data has appeared meanwhile.
        """
        uploads = cast("Uploads", stage.files)
        if not self.resource.is_dataset:
            self._complete(uploads)
            return
        if mode in _EXCLUSIVE and self.exists():
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

    @property
    def _is_tree(self) -> bool:
        """Whether the path stands for many objects: a dataset, or a table, whatever its end."""
        return self.resource.is_dataset or self.resource.is_table

    def _complete(self, uploads: Uploads) -> None:
        try:
            uploads.complete()
        except Exception as error:
            if self.is_in_the_way(error):
                raise self._appeared() from error
            raise

    def _appeared(self) -> ObjectExistsError:
        return ObjectExistsError(f"{self.get_uri()} was written by somebody else meanwhile.")

    def _keys(self) -> Iterator[str]:
        """Yield the visible keys of a dataset, a table or a glob."""
        path = self.resource.path if self.resource.is_dataset else f"{self.resource.path}/"
        pattern = re.compile(glob_translate(path)) if is_glob(path) else None
        for key in self.objects(fixed_directory(path)):
            is_hidden = key.startswith(RESERVED_PREFIX)
            if not is_hidden and (pattern is None or pattern.match(key)):
                yield key

    def _remove(self, keys: Collection[str]) -> None:
        """Remove objects; nothing happens about those that aren't there."""
        names, size = list(keys), self.keys_per_deletion
        for_all(self.remove, [names[at : at + size] for at in range(0, len(names), size)])
