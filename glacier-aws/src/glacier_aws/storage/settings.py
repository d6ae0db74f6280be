"""What a bucket is to be like, from all configs that speak of it.

Pure functions, on which `deploy()` and Terraform both build, so that both make the same bucket.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from glacier.claims import Claim, Settings
from glacier.storage import fixed_part
from glacier_aws.config import S3Config

if TYPE_CHECKING:
    from glacier.resources import Bucket
    from glacier_aws.storage.rules import CorsRule, LifecycleRule

_LISTS = ("lifecycle_rules", "cors")
_OVERRIDE = "overrides."


@dataclass(frozen=True, slots=True)
class BucketSettings:
    """Everything that is settled about one bucket, defaults included.

    Attributes:
        name: The bucket's name.
        versioning: Whether it keeps former versions.
        encryption: The algorithm.
        kms_key_id: The key, as id, alias or ARN; None for the account's own.
        public_access_block: Whether all public access is refused.
        lifecycle_rules: Rules with an id of their own and their whole prefix.
        cors: Rules for requests from browsers.
        overrides: What was set beside all that.
        is_described: Whether a config speaks of the bucket; one that nobody describes is made with
            the defaults, and left as it is where it is there.
    """

    name: str
    versioning: bool
    encryption: str
    kms_key_id: str | None
    public_access_block: bool
    lifecycle_rules: "tuple[LifecycleRule, ...]" = ()
    cors: "tuple[CorsRule, ...]" = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON
    is_described: bool = True

    @property
    def bucket_key(self) -> bool:
        """Whether it has a key of its own, which saves requests to KMS; not with `:dsse`."""
        return self.encryption == "aws:kms"

    @property
    def request_overrides(self) -> dict[str, Any]:  # Any: fields of an API
        """The overrides in the names of the API, for `CreateBucket`."""
        return {name: value for name, value in self.overrides.items() if name[:1].isupper()}

    @property
    def block_overrides(self) -> dict[str, Any]:  # Any: arguments of a block
        """The overrides in the names of Terraform, for `aws_s3_bucket`."""
        return {name: value for name, value in self.overrides.items() if not name[:1].isupper()}


def claim_of(bucket: "Bucket") -> Claim:
    """Return what a resource says of its bucket: the fields of its config that were set.

    Its lifecycle rules concern its path and no more.
    """
    config = cast("S3Config | None", bucket.config) or S3Config()
    names = config.model_fields_set - {*_LISTS, "overrides"}
    fields = {name: getattr(config, name) for name in sorted(names)}
    fields |= {f"{_OVERRIDE}{name}": value for name, value in config.overrides.items()}
    root = fixed_part(bucket.path)
    rules = cast("list[LifecycleRule]", config.lifecycle_rules or [])
    below = tuple(one.model_copy(update={"prefix": f"{root}{one.prefix}"}) for one in rules)
    return Claim(
        kind="bucket",
        name=bucket.bucket_name,
        owner=repr(bucket),
        fields=fields,
        lists={}
        if bucket.config is None
        else {"lifecycle_rules": below, "cors": tuple(config.cors or ())},
    )


def bucket_settings(name: str, settled: Settings) -> BucketSettings:
    """Return all settings of a bucket, from what the resources say of it together."""
    overrides = {
        key.removeprefix(_OVERRIDE): value
        for key, value in settled.fields.items()
        if key.startswith(_OVERRIDE)
    }

    def value(field_name: str) -> Any:  # Any: the field's type
        return settled.fields.get(field_name, S3Config.model_fields[field_name].default)

    return BucketSettings(
        name=name,
        versioning=value("versioning"),
        encryption=value("encryption"),
        kms_key_id=value("kms_key_id"),
        public_access_block=value("public_access_block"),
        lifecycle_rules=_with_own_ids(settled.lists.get("lifecycle_rules", ())),
        cors=tuple(settled.lists.get("cors", ())),
        overrides=overrides,
        is_described=settled.is_described,
    )


def _with_own_ids(rules: "Iterable[LifecycleRule]") -> "tuple[LifecycleRule, ...]":
    """Return rules, each once, with the ids that S3 wants: no two of a bucket share one."""
    once: list[LifecycleRule] = []
    for rule in rules:
        if rule not in once:
            once.append(rule)
    counts = Counter(rule.id for rule in once)
    return tuple(
        rule
        if rule.id is not None and counts[rule.id] == 1
        else rule.model_copy(update={"id": _made_up_id(rule)})
        for rule in once
    )


def _made_up_id(rule: "LifecycleRule") -> str:
    digest = hashlib.sha256(rule.model_dump_json().encode()).hexdigest()[:8]
    return f"{(rule.id or 'glacier')[:240]}-{digest}"
