"""The rules of buckets: which objects move or go, and which web pages may ask for them.

The names are those of the JSON API's resource of buckets, in Python's spelling:
https://cloud.google.com/storage/docs/json_api/v1/buckets#lifecycle
"""

from datetime import date as Date  # noqa: N812 - as the other clouds' rules call it
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from glacier.config.base import Config

StorageClass = Literal["STANDARD", "NEARLINE", "COLDLINE", "ARCHIVE"]
Days = Annotated[int, Field(ge=0)]
Part = Annotated[str, Field(min_length=1)]

_OF_UPLOADS = frozenset({"age", "matches_prefix", "matches_suffix"})
"""The conditions that Cloud Storage knows of uploads that were never completed."""


class LifecycleAction(Config):
    """What happens to objects. Maps to `action` of a rule."""

    type: Literal["Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"]
    """Whether they go, move to another storage class, or are uploads that were never completed
    and are dropped. Maps to `type`."""

    storage_class: StorageClass | None = None
    """Where they move to, for `SetStorageClass`. Maps to `storageClass`."""

    @model_validator(mode="after")
    def _has_a_class_if_it_moves(self) -> Self:
        if (self.type == "SetStorageClass") != (self.storage_class is not None):
            raise ValueError(
                "storage_class and the type 'SetStorageClass' go together; set both or neither: "
                f"type is {self.type!r} and storage_class {self.storage_class!r}"
            )
        return self


class LifecycleCondition(Config):
    """Which objects, and when: all that is set has to be so. Maps to `condition` of a rule."""

    age: Days | None = None
    """How many days after they were made; of uploads, after they were begun. Maps to `age`."""

    created_before: Date | None = None
    """Those made before this day, at midnight UTC. Maps to `createdBefore`."""

    custom_time_before: Date | None = None
    """Those whose own time `customTime` is before this day. Maps to `customTimeBefore`."""

    days_since_custom_time: Days | None = None
    """How many days after their own time `customTime`. Maps to `daysSinceCustomTime`."""

    days_since_noncurrent_time: Days | None = None
    """How many days after a version was replaced or deleted. Maps to `daysSinceNoncurrentTime`."""

    noncurrent_time_before: Date | None = None
    """Versions that were replaced or deleted before this day. Maps to `noncurrentTimeBefore`."""

    num_newer_versions: Annotated[int, Field(ge=0)] | None = None
    """How many newer versions of the object there have to be. Maps to `numNewerVersions`."""

    is_live: bool | None = None
    """Whether it is the current version of an object, or a former one. Maps to `isLive`."""

    matches_prefix: list[Part] = Field(default_factory=list)
    """Those whose names start with one of these below the bucket's path: on `path="logs/"`, the
    prefix `old-` means `logs/old-`; all below the path where empty. Maps to `matchesPrefix`."""

    matches_suffix: list[Part] = Field(default_factory=list)
    """Those whose names end with one of these. Maps to `matchesSuffix`."""

    matches_storage_class: list[StorageClass] = Field(default_factory=list)
    """Those that are in one of these storage classes. Maps to `matchesStorageClass`."""

    @property
    def names(self) -> frozenset[str]:
        """The names of the conditions that are set."""
        found = ((name, getattr(self, name)) for name in type(self).model_fields)
        return frozenset(name for name, value in found if value is not None and value != [])

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.names:
            raise ValueError(
                f"a condition needs one of {', '.join(type(self).model_fields)}; for all objects "
                "at once set age=0"
            )
        return self


class LifecycleRule(Config):
    """What happens to some objects as they grow old. Maps to an entry of `lifecycle.rule`."""

    action: LifecycleAction
    """What happens. Maps to `action`."""

    condition: LifecycleCondition
    """To which objects, and when. Maps to `condition`."""

    @model_validator(mode="after")
    def _uploads_have_conditions_of_theirs(self) -> Self:
        foreign = sorted(self.condition.names - _OF_UPLOADS)
        if self.action.type == "AbortIncompleteMultipartUpload" and foreign:
            raise ValueError(
                f"AbortIncompleteMultipartUpload knows no {', '.join(foreign)}; its conditions are "
                f"{', '.join(sorted(_OF_UPLOADS))}"
            )
        return self

    def below(self, root: str) -> "LifecycleRule":
        """Return the rule for what lies below a path, which its prefixes do not name yet."""
        given = [f"{root}{one}" for one in self.condition.matches_prefix]
        prefixes = given or ([root] if root else [])
        condition = self.condition.model_copy(update={"matches_prefix": prefixes})
        return self.model_copy(update={"condition": condition})


class CorsRule(Config):
    """Which web pages may send which requests from a browser. Maps to an entry of `cors`."""

    origin: Annotated[list[str], Field(min_length=1)]
    """The pages' origins, such as `https://example.com`, or `*` for any. Maps to `origin`."""

    method: Annotated[list[str], Field(min_length=1)]
    """The requests' methods, such as `GET`, or `*` for any. Maps to `method`."""

    response_header: list[str] = Field(default_factory=list)
    """The headers of the answer that the page may see. Maps to `responseHeader`."""

    max_age_seconds: Annotated[int, Field(ge=0)] | None = None
    """For how many seconds a browser may remember this. Maps to `maxAgeSeconds`."""
