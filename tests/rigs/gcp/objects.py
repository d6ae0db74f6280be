"""A bucket and an object of the rig, and what a request may demand of them."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

import google_crc32c

from tests.rigs.gcp.answers import ApiError

DEFAULT_TYPE = "application/octet-stream"


def timestamp(seconds: float) -> str:
    """Return a time as the JSON API tells it."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def encoded(digest: bytes) -> str:
    """Return a digest in base64."""
    return base64.b64encode(digest).decode()


@dataclass
class StoredObject:
    """One generation of an object.

    Attributes:
        fields: What its writer said of it, as in the JSON API's resource.
        component_count: Of how many parts it was composed; zero for an object that was written
            whole, which alone has an MD5.
        deleted: Since when it is noncurrent.
    """

    bucket_name: str
    name: str
    data: bytes
    fields: dict[str, Any]
    generation: int
    created: float
    updated: float
    component_count: int = 0
    metageneration: int = 1
    deleted: float | None = None

    @cached_property
    def crc32c(self) -> str:
        """The checksum in base64."""
        return encoded(google_crc32c.value(self.data).to_bytes(4, "big"))

    @cached_property
    def md5(self) -> bytes | None:
        """The MD5 of an object that was written whole."""
        if self.component_count:
            return None
        return hashlib.md5(self.data, usedforsecurity=False).digest()

    @property
    def etag(self) -> str:
        """The XML API's tag, quoted: the MD5, or for composites something that isn't one."""
        return f'"{self.md5.hex()}"' if self.md5 else f'"-{self.generation:x}"'

    @property
    def content_type(self) -> str:
        """What it says that it is."""
        return str(self.fields.get("contentType") or DEFAULT_TYPE)

    @property
    def storage_class(self) -> str:
        """Its own class."""
        return str(self.fields["storageClass"])

    def resource(self, base: str) -> dict[str, Any]:
        """Return it as the JSON API tells it, with links to the rig's address."""
        path = f"{self.bucket_name}/o/{quote(self.name, safe='')}"
        which = f"generation={self.generation}"
        found = {
            **self.fields,
            "kind": "storage#object",
            "id": f"{self.bucket_name}/{self.name}/{self.generation}",
            "selfLink": f"{base}/storage/v1/b/{path}",
            "mediaLink": f"{base}/download/storage/v1/b/{path}?{which}&alt=media",
            "name": self.name,
            "bucket": self.bucket_name,
            "generation": str(self.generation),
            "metageneration": str(self.metageneration),
            "size": str(len(self.data)),
            "crc32c": self.crc32c,
            "etag": encoded(f"{self.generation}/{self.metageneration}".encode()),
            "timeCreated": timestamp(self.created),
            "timeStorageClassUpdated": timestamp(self.created),
            "timeFinalized": timestamp(self.created),
            "updated": timestamp(self.updated),
        }
        if self.md5:
            found["md5Hash"] = encoded(self.md5)
        if self.component_count:
            found["componentCount"] = self.component_count
        if self.deleted is not None:
            found["timeDeleted"] = timestamp(self.deleted)
        return found


@dataclass
class Bucket:
    """A bucket and what lies in it.

    Attributes:
        fields: Its settings, as in the JSON API's resource.
        live: The objects by name.
        noncurrent: The former generations, oldest first.
    """

    name: str
    project: str
    fields: dict[str, Any]
    policy: dict[str, Any]
    created: float
    updated: float
    metageneration: int = 1
    live: dict[str, StoredObject] = field(default_factory=dict)
    noncurrent: list[StoredObject] = field(default_factory=list)

    @property
    def is_versioned(self) -> bool:
        """Whether former generations are kept."""
        return bool(self.fields.get("versioning", {}).get("enabled"))

    @property
    def etag(self) -> str:
        """What changes with its settings."""
        return encoded(str(self.metageneration).encode())

    def resource(self, base: str) -> dict[str, Any]:
        """Return it as the JSON API tells it."""
        return {
            **self.fields,
            "kind": "storage#bucket",
            "id": self.name,
            "selfLink": f"{base}/storage/v1/b/{self.name}",
            "name": self.name,
            "projectNumber": "123456789012",
            "metageneration": str(self.metageneration),
            "etag": self.etag,
            "timeCreated": timestamp(self.created),
            "updated": timestamp(self.updated),
        }


@dataclass(frozen=True, slots=True)
class Conditions:
    """What has to hold of an object, or a bucket, for a request to be done."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    @classmethod
    def of_query(cls, query: Mapping[str, str], what: str = "if") -> "Conditions":
        """Return what the JSON API's parameters demand, for instance with `ifSource` in front."""
        ending = ("GenerationMatch", "GenerationNotMatch")
        names = [*ending, "MetagenerationMatch", "MetagenerationNotMatch"]
        return cls(*(_number(query, f"{what}{name}") for name in names))

    @classmethod
    def of_headers(cls, headers: Mapping[str, str]) -> "Conditions":
        """Return what the XML API's headers demand."""
        return cls(
            _number(headers, "x-goog-if-generation-match"),
            None,
            _number(headers, "x-goog-if-metageneration-match"),
            None,
        )

    def __bool__(self) -> bool:
        return self != Conditions()

    def check(self, found: "StoredObject | Bucket | None", *, is_read: bool = False) -> None:
        """Refuse what doesn't hold.

        Raises:
            ApiError: 412, or 304 where something is to be read that is as the client knows it.
        """
        generation = found.generation if isinstance(found, StoredObject) else 0
        metageneration = found.metageneration if found else 0
        if _differs(self.generation_match, generation) or _differs(
            self.metageneration_match, metageneration
        ):
            raise unmet()
        if generation == self.generation_not_match or (
            metageneration == self.metageneration_not_match
        ):
            raise ApiError(304, "notModified", "Not Modified") if is_read and found else unmet()


def _number(values: Mapping[str, str], name: str) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise ApiError(400, "invalidParameter", f"Invalid argument: {name}={text}") from error


def _differs(expected: int | None, found: int) -> bool:
    return expected is not None and expected != found


def unmet() -> ApiError:
    """Return the refusal of a request whose conditions don't hold."""
    message = "At least one of the pre-conditions you specified did not hold."
    return ApiError(412, "conditionNotMet", message, code="PreconditionFailed")
