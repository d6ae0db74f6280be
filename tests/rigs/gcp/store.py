"""The buckets and objects of the rig, in memory; both of Cloud Storage's APIs work on them."""

import re
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.rigs.gcp.answers import ApiError
from tests.rigs.gcp.checks import check_hashes, check_retained
from tests.rigs.gcp.objects import Bucket, StoredObject, timestamp

if TYPE_CHECKING:
    from tests.rigs.gcp.sessions import Session
    from tests.rigs.gcp.xml_multipart import Upload

PROJECT = "glacier-test"
OWN = "Your previous request to create the named bucket succeeded and you already own it."
TAKEN = (
    "The requested bucket name is not available. The bucket namespace is shared by all users of "
    "the system. Please select a different name and try again."
)
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{1,220}[a-z0-9]")


class Store:
    """What is stored. A caller that does several steps holds `lock` meanwhile.

    Attributes:
        sessions: The JSON API's resumable uploads by their ids.
        uploads: The XML API's multipart uploads by their ids.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.buckets: dict[str, Bucket] = {}
        self.sessions: dict[str, Session] = {}
        self.uploads: dict[str, Upload] = {}
        self._last_generation = 0

    def forget(self) -> None:
        """Be empty."""
        with self.lock:
            for one in (self.buckets, self.sessions, self.uploads):
                one.clear()

    def bucket(self, name: str) -> Bucket:
        """Return a bucket.

        Raises:
            ApiError: There is none of that name.
        """
        found = self.buckets.get(name)
        if found is None:
            message = "The specified bucket does not exist."
            raise ApiError(404, "notFound", message, code="NoSuchBucket")
        return found

    def create_bucket(self, name: str, project: str, fields: Mapping[str, Any]) -> Bucket:
        """Create a bucket with the settings that a request gives.

        Raises:
            ApiError: Its name is taken, or none that a bucket can have.
        """
        if not BUCKET_NAME.fullmatch(name):
            raise ApiError(
                400, "invalid", f"Invalid bucket name: '{name}'", code="InvalidBucketName"
            )
        with self.lock:
            if name in self.buckets:
                message = OWN if self.buckets[name].project == project else TAKEN
                raise ApiError(409, "conflict", message, code="BucketAlreadyOwnedByYou")
            now = time.time()
            defaults = {"location": "US", "storageClass": "STANDARD", "locationType": "region"}
            bucket = Bucket(name, project, defaults, _first_policy(project), now, now)
            self.set_fields(bucket, fields)
            bucket.metageneration = 1
            self.buckets[name] = bucket
        return bucket

    def set_fields(self, bucket: Bucket, changes: Mapping[str, Any]) -> None:
        """Merge changes into a bucket's settings; None removes one.

        Raises:
            ApiError: A locked retention policy would be shortened or removed.
        """
        now = time.time()
        merged = merge(bucket.fields, {k: v for k, v in changes.items() if k != "name"})
        merged["location"] = str(merged["location"]).upper()
        former = bucket.fields.get("retentionPolicy", {})
        policy = merged.get("retentionPolicy")
        if former.get("isLocked") and (
            not policy or int(policy["retentionPeriod"]) < int(former["retentionPeriod"])
        ):
            message = f"Cannot remove or reduce the locked retention policy of '{bucket.name}'."
            raise ApiError(403, "forbidden", message)
        if policy:
            policy["retentionPeriod"] = str(policy["retentionPeriod"])
            policy.setdefault("effectiveTime", timestamp(now))
        bucket.fields = merged
        bucket.metageneration += 1
        bucket.updated = now

    def delete_bucket(self, name: str) -> None:
        """Delete an empty bucket.

        Raises:
            ApiError: It isn't empty, or isn't there.
        """
        with self.lock:
            bucket = self.bucket(name)
            if bucket.live or bucket.noncurrent:
                message = "The bucket you tried to delete is not empty."
                raise ApiError(409, "conflict", message, code="BucketNotEmpty")
            del self.buckets[name]

    def object(self, bucket: Bucket, name: str, generation: int | None = None) -> StoredObject:
        """Return an object, or one generation of it.

        Raises:
            ApiError: There is none.
        """
        found = bucket.live.get(name)
        if generation is not None and (found is None or found.generation != generation):
            former = [o for o in bucket.noncurrent if o.name == name]
            found = next((o for o in former if o.generation == generation), None)
        if found is None:
            text = f"No such object: {bucket.name}/{name}"
            raise ApiError(404, "notFound", text, code="NoSuchKey", details=text)
        return found

    def put(
        self, bucket: Bucket, name: str, data: bytes, fields: Mapping[str, Any], parts: int = 0
    ) -> StoredObject:
        """Write an object, in the place of one that is there.

        Args:
            bucket: Where.
            name: What it is called.
            data: What it holds.
            fields: What its writer says of it; checksums among them are compared.
            parts: Of how many it was composed.

        Raises:
            ApiError: A checksum differs, or what is there has to be retained.
        """
        if not name or len(name.encode()) > 1024:
            raise ApiError(400, "invalid", f"Invalid object name: '{name}'", code="InvalidArgument")
        with self.lock:
            now = time.time()
            kept = {k: v for k, v in fields.items() if k in WRITABLE and v is not None}
            kept.setdefault("storageClass", bucket.fields["storageClass"])
            if key := bucket.fields.get("encryption", {}).get("defaultKmsKeyName"):
                kept.setdefault("kmsKeyName", key)
            if bucket.fields.get("defaultEventBasedHold"):
                kept.setdefault("eventBasedHold", True)
            made = StoredObject(bucket.name, name, data, kept, self._generation(), now, now, parts)
            check_hashes(made, fields)
            self.remove(bucket, name)
            bucket.live[name] = made
        return made

    def remove(self, bucket: Bucket, name: str, generation: int | None = None) -> None:
        """Delete an object if it is there; where versions are kept it becomes noncurrent.

        Raises:
            ApiError: It has to be retained.
        """
        found = bucket.live.get(name)
        if generation is not None and (found is None or found.generation != generation):
            former = [o for o in bucket.noncurrent if (o.name, o.generation) == (name, generation)]
            for one in former:
                check_retained(bucket, one)
                bucket.noncurrent.remove(one)
            return
        if found is None:
            return
        is_kept = bucket.is_versioned and generation is None
        if not is_kept:
            check_retained(bucket, found)
        del bucket.live[name]
        if is_kept:
            found.deleted = time.time()
            bucket.noncurrent.append(found)

    def change(self, found: StoredObject, changes: Mapping[str, Any]) -> None:
        """Merge changes into what is said of an object; None removes one."""
        allowed = {k: v for k, v in changes.items() if k in WRITABLE - {"storageClass"}}
        found.fields = merge(found.fields, allowed)
        found.metageneration += 1
        found.updated = time.time()

    def _generation(self) -> int:
        self._last_generation = max(self._last_generation + 1, time.time_ns() // 1000)
        return self._last_generation


WRITABLE = frozenset(
    {
        *("cacheControl", "contentDisposition", "contentEncoding", "contentLanguage"),
        *("contentType", "customTime", "eventBasedHold", "kmsKeyName", "metadata"),
        *("retention", "storageClass", "temporaryHold"),
    }
)


def merge(former: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a resource after a patch (RFC 7396): None removes, objects merge."""
    found = dict(former)
    for name, value in changes.items():
        if value is None:
            found.pop(name, None)
        elif isinstance(value, Mapping):
            old = found.get(name)
            found[name] = merge(old if isinstance(old, Mapping) else {}, value)
        else:
            found[name] = value
    return found


def _first_policy(project: str) -> dict[str, Any]:
    owners = [f"projectEditor:{project}", f"projectOwner:{project}"]
    readers = [f"projectViewer:{project}"]
    bindings = [
        {"role": "roles/storage.legacyBucketOwner", "members": owners},
        {"role": "roles/storage.legacyBucketReader", "members": readers},
    ]
    return {"version": 1, "bindings": bindings}
