"""The store as one caller may use it: what is done, and what has to be permitted for it.

https://cloud.google.com/storage/docs/access-control/iam-json and .../iam-xml
"""

from collections.abc import Mapping
from typing import Any

from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.cloud import Cloud
from tests.rigs.gcp.listing import Page, Query, page_of
from tests.rigs.gcp.objects import Bucket, Conditions, StoredObject

NONE = Conditions()


class Access:
    """What one caller does with objects.

    Args:
        cloud: Where.
        who: The e-mail address; empty for an anonymous caller.
    """

    def __init__(self, cloud: Cloud, who: str) -> None:
        self._store, self._permissions = cloud.store, cloud.permissions
        self.who = who

    def require(
        self, permission: str, bucket: Bucket, name: str | None = None, prefix: str = ""
    ) -> None:
        """Refuse what the caller may not do.

        Raises:
            ApiError: The permission isn't granted.
        """
        self._permissions.require(self.who, permission, bucket, name, prefix)

    def bucket(self, name: str, permission: str) -> Bucket:
        """Return a bucket for which the caller has a permission."""
        bucket = self._store.bucket(name)
        self.require(permission, bucket)
        return bucket

    def list(self, bucket_name: str, query: Query) -> Page:
        """Return a page of a bucket's objects."""
        with self._store.lock:
            bucket = self._store.bucket(bucket_name)
            self.require("storage.objects.list", bucket, prefix=query.prefix)
            return page_of(bucket, query)

    def read(
        self,
        bucket_name: str,
        name: str,
        generation: int | None = None,
        conditions: Conditions = NONE,
    ) -> StoredObject:
        """Return an object; who may not list the bucket isn't told that one is missing."""
        with self._store.lock:
            bucket = self._store.bucket(bucket_name)
            self.require("storage.objects.get", bucket, name)
            found = self._found(bucket, name, generation)
            conditions.check(found, is_read=True)
            return found

    def write(
        self,
        bucket_name: str,
        name: str,
        data: bytes,
        fields: Mapping[str, Any],
        conditions: Conditions = NONE,
        *,
        parts: int = 0,
    ) -> StoredObject:
        """Write an object; in the place of another one it takes the right to delete that."""
        with self._store.lock:
            bucket = self._store.bucket(bucket_name)
            self.require("storage.objects.create", bucket, name)
            live = bucket.live.get(name)
            conditions.check(live)
            if live:
                self.require("storage.objects.delete", bucket, name)
            return self._store.put(bucket, name, data, fields, parts)

    def change(
        self,
        bucket_name: str,
        name: str,
        changes: Mapping[str, Any],
        generation: int | None = None,
        conditions: Conditions = NONE,
    ) -> StoredObject:
        """Change what is said of an object."""
        with self._store.lock:
            bucket = self._store.bucket(bucket_name)
            self.require("storage.objects.update", bucket, name)
            if "retention" in changes:
                self.require("storage.objects.setRetention", bucket, name)
            found = self._found(bucket, name, generation)
            conditions.check(found)
            self._store.change(found, changes)
            return found

    def delete(
        self,
        bucket_name: str,
        name: str,
        generation: int | None = None,
        conditions: Conditions = NONE,
    ) -> None:
        """Delete an object."""
        with self._store.lock:
            bucket = self._store.bucket(bucket_name)
            self.require("storage.objects.delete", bucket, name)
            found = self._found(bucket, name, generation)
            conditions.check(found)
            self._store.remove(bucket, name, generation)

    def move(self, bucket_name: str, name: str, to: str, conditions: Conditions) -> StoredObject:
        """Rename an object within its bucket in one step."""
        with self._store.lock:
            bucket = self._store.bucket(bucket_name)
            self.require("storage.objects.move", bucket, name)
            found = self._found(bucket, name, None)
            made = self.write(bucket_name, to, found.data, found.fields, conditions)
            self._store.remove(bucket, name)
            return made

    def _found(self, bucket: Bucket, name: str, generation: int | None) -> StoredObject:
        try:
            return self._store.object(bucket, name, generation)
        except ApiError:
            self.require("storage.objects.list", bucket)
            raise
