"""The lifecycle rules of containers: which blobs move to a cheaper tier or go as they grow old.

The names are those of a storage account's management policy, in Python's spelling:
https://learn.microsoft.com/azure/storage/blobs/lifecycle-management-policy-structure
"""

from typing import Annotated, Self

from pydantic import Field, model_validator

from glacier.config.base import Config

Days = Annotated[int, Field(ge=0)]
ACTIONS = ("tier_to_cool", "tier_to_cold", "tier_to_archive", "delete")
"""What can happen to blobs, snapshots and versions: the fields of their actions."""

_MOST_TAGS = 10


class BlobAge(Config):
    """How old a blob has to be, in days, counted from one event."""

    days_after_modification_greater_than: Days | None = None
    """Days since it was written last. Maps to `daysAfterModificationGreaterThan`."""

    days_after_creation_greater_than: Days | None = None
    """Days since it was made. Maps to `daysAfterCreationGreaterThan`."""

    days_after_last_access_time_greater_than: Days | None = None
    """Days since it was read or written last, which the account has to keep track of.
    Maps to `daysAfterLastAccessTimeGreaterThan`."""

    days_after_last_tier_change_greater_than: Days | None = None
    """Days since it was moved to its tier, besides those since it was written: for
    `tier_to_archive` alone, so that a blob that was just brought back stays for a while.
    Maps to `daysAfterLastTierChangeGreaterThan`."""

    @model_validator(mode="after")
    def _has_one_event(self) -> Self:
        names = (
            "days_after_modification_greater_than",
            "days_after_creation_greater_than",
            "days_after_last_access_time_greater_than",
        )
        if sum(getattr(self, name) is not None for name in names) != 1:
            raise ValueError(f"BlobAge needs exactly one of {', '.join(names)}")
        is_by_tier = self.days_after_last_tier_change_greater_than is not None
        if is_by_tier and self.days_after_modification_greater_than is None:
            raise ValueError(
                "days_after_last_tier_change_greater_than needs "
                "days_after_modification_greater_than beside it"
            )
        return self


class FormerBlobAge(Config):
    """How old a snapshot or a former version has to be, in days."""

    days_after_creation_greater_than: Days
    """Days since it was made. Maps to `daysAfterCreationGreaterThan`."""

    days_after_last_tier_change_greater_than: Days | None = None
    """Days since it was moved to its tier, for `tier_to_archive` alone.
    Maps to `daysAfterLastTierChangeGreaterThan`."""


class BlobActions(Config):
    """What happens to blobs. Maps to `baseBlob` of a rule's actions."""

    tier_to_cool: BlobAge | None = None
    """When they move to the tier `Cool`. Maps to `tierToCool`."""

    tier_to_cold: BlobAge | None = None
    """When they move to the tier `Cold`. Maps to `tierToCold`."""

    tier_to_archive: BlobAge | None = None
    """When they move to the tier `Archive`, where they can't be read. Maps to `tierToArchive`."""

    delete: BlobAge | None = None
    """When they go. Maps to `delete`."""

    enable_auto_tier_to_hot_from_cool: bool = False
    """Whether those that are read move back to `Hot`; needs a `tier_to_cool` that counts from the
    last access. Maps to `enableAutoTierToHotFromCool`."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        _check_actions(self)
        is_by_access = (
            self.tier_to_cool is not None
            and self.tier_to_cool.days_after_last_access_time_greater_than is not None
        )
        if self.enable_auto_tier_to_hot_from_cool and not is_by_access:
            raise ValueError(
                "enable_auto_tier_to_hot_from_cool needs a tier_to_cool with "
                "days_after_last_access_time_greater_than"
            )
        return self


class FormerBlobActions(Config):
    """What happens to snapshots or former versions. Maps to `snapshot` or `version`."""

    tier_to_cool: FormerBlobAge | None = None
    """When they move to the tier `Cool`. Maps to `tierToCool`."""

    tier_to_cold: FormerBlobAge | None = None
    """When they move to the tier `Cold`. Maps to `tierToCold`."""

    tier_to_archive: FormerBlobAge | None = None
    """When they move to the tier `Archive`. Maps to `tierToArchive`."""

    delete: FormerBlobAge | None = None
    """When they go. Maps to `delete`."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        _check_actions(self)
        return self


class LifecycleRule(Config):
    """What happens to some blobs as they grow old. Maps to a rule of the management policy."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,256}$")] | None = None
    """What the rule is called, in letters, digits and hyphens; a name of its own is made up where
    None. Where several rules of an account share one, a digest is added to each.
    Maps to `name`."""

    enabled: bool = True
    """Whether it is applied. Maps to `enabled`."""

    prefix: str = ""
    """Which blobs, by the start of their names below the bucket's path: on `path="logs/"`, the
    prefix `old-` means `logs/old-`. Maps to `prefixMatch`, with the container before it."""

    tags: Annotated[dict[str, str], Field(max_length=_MOST_TAGS)] = Field(default_factory=dict)
    """Index tags that the blobs have to have, all of them; not with a hierarchical namespace.
    Maps to `blobIndexMatch`."""

    base_blob: BlobActions | None = None
    """What happens to the blobs. Maps to `baseBlob`."""

    snapshot: FormerBlobActions | None = None
    """What happens to their snapshots. Maps to `snapshot`."""

    version: FormerBlobActions | None = None
    """What happens to their former versions. Maps to `version`."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if not (self.base_blob or self.snapshot or self.version):
            raise ValueError("a lifecycle rule needs one of base_blob, snapshot, version")
        return self


def _check_actions(actions: BlobActions | FormerBlobActions) -> None:
    if not any(getattr(actions, name) for name in ACTIONS):
        raise ValueError(f"{type(actions).__name__} needs one of {', '.join(ACTIONS)}")
    for name in ACTIONS:
        age = getattr(actions, name)
        is_by_tier = age and age.days_after_last_tier_change_greater_than is not None
        if is_by_tier and name != "tier_to_archive":
            raise ValueError(
                f"days_after_last_tier_change_greater_than is for tier_to_archive, not for {name}"
            )
