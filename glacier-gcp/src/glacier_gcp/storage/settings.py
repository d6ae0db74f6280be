"""What a bucket is to be like, from all configs that speak of it.

Pure functions, on which `deploy()` and Terraform both build, so that both make the same bucket.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from glacier.claims import Claim, Settings
from glacier.overrides import claimed_overrides, overrides_in
from glacier.storage import fixed_part
from glacier_gcp.resource_configs import GcsConfig

if TYPE_CHECKING:
    from glacier.resources import Bucket
    from glacier_gcp.storage.rules import CorsRule, LifecycleRule

BUCKET = "bucket"
"""The kind of claim on a bucket."""

_LISTS = ("lifecycle_rules", "cors")


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """Everything that is settled about one bucket, defaults included.

    Attributes:
        name: The bucket's name.
        storage_class: The class of what is written to it.
        versioning: Whether it keeps former versions.
        uniform_bucket_level_access: Whether IAM alone decides who may do what.
        public_access_prevention: `enforced`, or `inherited` from the project.
        kms_key_name: The key that encrypts what is written to it; None for Google's own.
        retention_seconds: For how long an object can't be deleted or replaced; None for no time.
        soft_delete_retention_days: For how many days what was deleted can be restored; None where
            nobody says.
        lifecycle_rules: Rules with their whole prefixes.
        cors: Rules for requests from browsers.
        overrides: What was set beside all that, by what it belongs to, then by field.
        is_described: Whether a config speaks of the bucket; one that nobody describes is made with
            the defaults, and left as it is where it is there.
    """

    name: str
    storage_class: str = "STANDARD"
    versioning: bool = False
    uniform_bucket_level_access: bool = True
    public_access_prevention: str = "enforced"
    kms_key_name: str | None = None
    retention_seconds: int | None = None
    soft_delete_retention_days: int | None = None
    lifecycle_rules: "tuple[LifecycleRule, ...]" = ()
    cors: "tuple[CorsRule, ...]" = ()
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # Any: JSON
    is_described: bool = True

    @property
    def request_overrides(self) -> Mapping[str, Any]:  # Any: fields of an API
        """The overrides of the JSON API's resource of buckets."""
        return self.overrides.get("buckets", {})

    @property
    def block_overrides(self) -> Mapping[str, Any]:  # Any: arguments of a block
        """The overrides of Terraform's `google_storage_bucket`."""
        return self.overrides.get("google_storage_bucket", {})


def claim_of(bucket: "Bucket") -> Claim:
    """Return what a resource says of its bucket: the fields of its config that were set.

    Its lifecycle rules concern its path and no more.
    """
    config = cast("GcsConfig | None", bucket.config) or GcsConfig()
    names = config.model_fields_set - {*_LISTS, "overrides"}
    root = fixed_part(bucket.path)
    rules = cast("list[LifecycleRule]", config.lifecycle_rules or [])
    return Claim(
        kind=BUCKET,
        name=bucket.bucket_name,
        owner=repr(bucket),
        fields={
            **{name: getattr(config, name) for name in sorted(names)},
            **claimed_overrides(config.overrides),
        },
        lists={}
        if bucket.config is None
        else {
            "lifecycle_rules": tuple(rule.below(root) for rule in rules),
            "cors": cast("tuple[CorsRule, ...]", tuple(config.cors or ())),
        },
    )


def bucket_settings(name: str, settled: Settings) -> BucketSettings:
    """Return all settings of a bucket, from what the resources say of it together."""
    known = GcsConfig.model_fields
    given = {one: value for one, value in settled.fields.items() if one in known}
    return BucketSettings(
        name=name,
        lifecycle_rules=_each_once(settled.lists.get("lifecycle_rules", ())),
        cors=_each_once(settled.lists.get("cors", ())),
        overrides=overrides_in(settled.fields),
        is_described=settled.is_described,
        **given,
    )


def _each_once(rules: Iterable[Any]) -> tuple[Any, ...]:  # Any: rules of either kind
    found: list[Any] = []
    for rule in rules:
        if rule not in found:
            found.append(rule)
    return tuple(found)
