"""S3 buckets as blocks of Terraform, from the settings that `deploy()` applies too."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from glacier.terraform import Block, Ref
from glacier_aws.storage.settings import bucket_settings
from glacier_aws.terraform.blocks import Body, Description

if TYPE_CHECKING:
    from datetime import date

    from glacier.resources import Bucket
    from glacier.terraform import Estate
    from glacier_aws.storage.rules import CorsRule, LifecycleRule, Transition
    from glacier_aws.storage.settings import BucketSettings


def bucket_blocks(estate: "Estate", bucket: "Bucket") -> Iterator[Block]:
    """Yield an S3 bucket and its settings, as all resources together want them."""
    name = bucket.bucket_name
    settings = bucket_settings(name, estate.settings("bucket", name))
    of = Description(estate, bucket)
    yield of.block(
        "aws_s3_bucket",
        name,
        {"bucket": name, "tags": of.tags, **settings.block_overrides},
        outputs={f"bucket_{name}": "arn"},
    )
    for kind, body in _bucket_parts(settings).items():
        whose = Ref("aws_s3_bucket", name, "id")
        yield of.block(f"aws_s3_bucket_{kind}", name, {"bucket": whose, **body})


def _bucket_parts(settings: "BucketSettings") -> Mapping[str, Body]:
    """Return the further blocks of a bucket, by the rest of their type's name."""
    is_open = not settings.public_access_block
    parts: dict[str, Body] = {
        "server_side_encryption_configuration": {
            "rule": {
                "apply_server_side_encryption_by_default": {
                    "sse_algorithm": settings.encryption,
                    "kms_master_key_id": settings.kms_key_id,
                },
                "bucket_key_enabled": settings.bucket_key,
            }
        },
        "public_access_block": {
            "block_public_acls": not is_open,
            "block_public_policy": not is_open,
            "ignore_public_acls": not is_open,
            "restrict_public_buckets": not is_open,
        },
    }
    if settings.versioning:
        parts["versioning"] = {"versioning_configuration": {"status": "Enabled"}}
    if settings.lifecycle_rules:
        parts["lifecycle_configuration"] = {
            "rule": [_lifecycle_rule(rule) for rule in settings.lifecycle_rules]
        }
        if settings.versioning:  # rules for former versions make sense only then
            parts["lifecycle_configuration"]["depends_on"] = [
                Ref("aws_s3_bucket_versioning", settings.name)
            ]
    if settings.cors:
        parts["cors_configuration"] = {"cors_rule": [_cors_rule(rule) for rule in settings.cors]}
    return parts


def _lifecycle_rule(rule: "LifecycleRule") -> Body:
    body: Body = {
        "id": rule.id,
        "status": "Enabled" if rule.enabled else "Disabled",
        "filter": _filter(rule.prefix, rule.tags),
        "transition": _some(_transition(one) for one in rule.all_transitions),
        "noncurrent_version_transition": _some(
            {
                "noncurrent_days": one.days,
                "newer_noncurrent_versions": one.newer_versions,
                "storage_class": one.storage_class,
            }
            for one in rule.noncurrent_version_transitions
        ),
    }
    if rule.expiration is not None:
        body["expiration"] = {
            "days": rule.expiration.days,
            "date": _midnight(rule.expiration.date),
            "expired_object_delete_marker": rule.expiration.expired_object_delete_marker,
        }
    if rule.noncurrent_version_expiration is not None:
        body["noncurrent_version_expiration"] = {
            "noncurrent_days": rule.noncurrent_version_expiration.days,
            "newer_noncurrent_versions": rule.noncurrent_version_expiration.newer_versions,
        }
    if rule.abort_incomplete_multipart_upload_days is not None:
        body["abort_incomplete_multipart_upload"] = {
            "days_after_initiation": rule.abort_incomplete_multipart_upload_days
        }
    return body


def _filter(prefix: str, tags: Mapping[str, str]) -> Body:
    if not tags:
        return {"prefix": prefix}
    if len(tags) == 1 and not prefix:
        ((key, value),) = tags.items()
        return {"tag": {"key": key, "value": value}}
    return {"and": {"prefix": prefix, "tags": tags}}


def _transition(one: "Transition") -> Body:
    return {"days": one.days, "date": _midnight(one.date), "storage_class": one.storage_class}


def _cors_rule(rule: "CorsRule") -> Body:
    return {
        "id": rule.id,
        "allowed_headers": rule.allowed_headers or None,
        "allowed_methods": rule.allowed_methods,
        "allowed_origins": rule.allowed_origins,
        "expose_headers": rule.expose_headers or None,
        "max_age_seconds": rule.max_age_seconds,
    }


def _midnight(day: "date | None") -> str | None:
    return None if day is None else f"{day.isoformat()}T00:00:00Z"


def _some(bodies: Iterable[Body]) -> list[Body] | None:
    """Return nested blocks; None, which is left out, where there are none."""
    return list(bodies) or None
