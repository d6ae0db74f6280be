"""The rules of an S3 bucket: which objects move or go, and which web pages may ask for them."""

from datetime import date as Date  # noqa: N812 - fields are called `date`
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from glacier.config.base import Config

StorageClass = Literal[
    "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"
]
Days = Annotated[int, Field(ge=1)]
_LEAST_DAYS = {"STANDARD_IA": 30, "ONEZONE_IA": 30}


class Transition(Config):
    """When objects move to a cheaper storage class."""

    storage_class: StorageClass
    """Where they move to. Maps to `StorageClass`."""

    days: Annotated[int, Field(ge=0)] | None = None
    """How many days after they were written. Maps to `Days`."""

    date: Date | None = None
    """On which day instead, at midnight UTC. Maps to `Date`."""

    @model_validator(mode="after")
    def _has_one_time(self) -> Self:
        _check_one_of(self, "days", "date")
        _check_least_days(self.storage_class, self.days)
        return self


class Expiration(Config):
    """When objects go."""

    days: Days | None = None
    """How many days after they were written. Maps to `Days`."""

    date: Date | None = None
    """On which day instead, at midnight UTC. Maps to `Date`."""

    expired_object_delete_marker: Literal[True] | None = None
    """Whether delete markers go that no version is left under, instead of objects.
    Maps to `ExpiredObjectDeleteMarker`."""

    @model_validator(mode="after")
    def _has_one_meaning(self) -> Self:
        _check_one_of(self, "days", "date", "expired_object_delete_marker")
        return self


class NoncurrentTransition(Config):
    """When former versions move to a cheaper storage class."""

    storage_class: StorageClass
    """Where they move to. Maps to `StorageClass`."""

    days: Annotated[int, Field(ge=0)]
    """How many days after they were replaced. Maps to `NoncurrentDays`."""

    newer_versions: Annotated[int, Field(ge=1, le=100)] | None = None
    """How many of the newest former versions stay. Maps to `NewerNoncurrentVersions`."""

    @model_validator(mode="after")
    def _is_late_enough(self) -> Self:
        _check_least_days(self.storage_class, self.days)
        return self


class NoncurrentExpiration(Config):
    """When former versions go."""

    days: Days
    """How many days after they were replaced. Maps to `NoncurrentDays`."""

    newer_versions: Annotated[int, Field(ge=1, le=100)] | None = None
    """How many of the newest former versions stay. Maps to `NewerNoncurrentVersions`."""


class LifecycleRule(Config):
    """What happens to some objects as they grow old. Maps to `LifecycleRule`."""

    id: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """What the rule is called; a name of its own is made up where None. Where several rules of a
    bucket share one, a digest is added to each. Maps to `ID`."""

    enabled: bool = True
    """Whether it is applied. Maps to `Status`."""

    prefix: str = ""
    """Which objects, by the start of their names below the bucket's path: on `path="logs/"`, the
    prefix `old-` means `logs/old-`. Maps to `Filter.Prefix`."""

    tags: dict[str, str] = Field(default_factory=dict)
    """Tags that the objects have to have, all of them. Maps to `Filter.Tag` or `Filter.And`."""

    transition: Transition | None = None
    """When they move to a cheaper storage class. Maps to an entry of `Transitions`."""

    transitions: list[Transition] = Field(default_factory=list)
    """The same, for several moves. Maps to `Transitions`."""

    expiration: Expiration | None = None
    """When they go. Maps to `Expiration`."""

    noncurrent_version_transitions: list[NoncurrentTransition] = Field(default_factory=list)
    """When their former versions move. Maps to `NoncurrentVersionTransitions`."""

    noncurrent_version_expiration: NoncurrentExpiration | None = None
    """When their former versions go. Maps to `NoncurrentVersionExpiration`."""

    abort_incomplete_multipart_upload_days: Days | None = None
    """How many days after its start an upload that was never completed goes.
    Maps to `AbortIncompleteMultipartUpload.DaysAfterInitiation`."""

    @property
    def all_transitions(self) -> list[Transition]:
        """`transition` and `transitions` together."""
        return [*([self.transition] if self.transition else []), *self.transitions]

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        actions = (
            "transition",
            "transitions",
            "expiration",
            "noncurrent_version_transitions",
            "noncurrent_version_expiration",
            "abort_incomplete_multipart_upload_days",
        )
        if not any(getattr(self, name) for name in actions):
            raise ValueError(f"a lifecycle rule needs one of {', '.join(actions)}")
        is_of_markers = self.expiration and self.expiration.expired_object_delete_marker
        if self.tags and (is_of_markers or self.abort_incomplete_multipart_upload_days):
            raise ValueError(
                "S3 knows no tags of delete markers and of incomplete uploads; put "
                "expired_object_delete_marker and abort_incomplete_multipart_upload_days into a "
                "rule without tags"
            )
        return self


class CorsRule(Config):
    """Which web pages may send which requests from a browser. Maps to `CORSRule`."""

    allowed_origins: Annotated[list[str], Field(min_length=1)]
    """The pages' origins, such as `https://example.com`; one `*` in each stands for anything.
    Maps to `AllowedOrigins`."""

    allowed_methods: Annotated[
        list[Literal["GET", "PUT", "POST", "DELETE", "HEAD"]], Field(min_length=1)
    ]
    """The requests' methods. Maps to `AllowedMethods`."""

    allowed_headers: list[str] = Field(default_factory=list)
    """The headers that requests may have. Maps to `AllowedHeaders`."""

    expose_headers: list[str] = Field(default_factory=list)
    """The headers of the answer that the page may see. Maps to `ExposeHeaders`."""

    max_age_seconds: Annotated[int, Field(ge=0)] | None = None
    """For how many seconds a browser may remember this. Maps to `MaxAgeSeconds`."""

    id: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """What the rule is called. Maps to `ID`."""


def _check_one_of(rule: Config, *names: str) -> None:
    if sum(getattr(rule, name) is not None for name in names) != 1:
        raise ValueError(f"{type(rule).__name__} needs exactly one of {', '.join(names)}")


def _check_least_days(storage_class: str, days: int | None) -> None:
    least = _LEAST_DAYS.get(storage_class, 0)
    if days is not None and days < least:
        raise ValueError(f"S3 moves objects to {storage_class} after {least} days at the earliest")
