"""Buckets as blocks of Terraform, from the settings that `deploy()` applies too."""

from typing import TYPE_CHECKING

from glacier.overrides import overridden
from glacier.terraform import Ref
from glacier_gcp.storage.settings import BUCKET, bucket_settings
from glacier_gcp.terraform.blocks import Body, Description
from glacier_gcp.terraform.rules import cors_rule, lifecycle_rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from glacier.resources import Bucket
    from glacier.terraform import Block, Estate
    from glacier_gcp.storage.settings import BucketSettings

_DAY_SECONDS = 24 * 60 * 60
_AGENT, _KEY_USER = "google_storage_project_service_account", "google_kms_crypto_key_iam_member"


def bucket_blocks(estate: "Estate", bucket: "Bucket") -> "Iterator[Block]":
    """Yield a bucket with its settings, as all resources together want them, and its key's use."""
    name = bucket.bucket_name
    settings = bucket_settings(name, estate.settings(BUCKET, name))
    of = Description(estate, bucket)
    body = overridden(_bucket(settings, of), settings.block_overrides)
    if settings.kms_key_name is not None:
        yield from _key_blocks(of, settings.kms_key_name)
        body["depends_on"] = [Ref(_KEY_USER, settings.kms_key_name)]
    yield of.block("google_storage_bucket", name, body, outputs={f"bucket_{name}": "url"})


def _bucket(settings: "BucketSettings", of: Description) -> Body:
    body: Body = {
        "name": settings.name,
        "location": of.config.region,
        "storage_class": settings.storage_class,
        "versioning": {"enabled": settings.versioning},
        "uniform_bucket_level_access": settings.uniform_bucket_level_access,
        "public_access_prevention": settings.public_access_prevention,
        "lifecycle_rule": [lifecycle_rule(rule) for rule in settings.lifecycle_rules] or None,
        "cors": [cors_rule(rule) for rule in settings.cors] or None,
        "labels": of.labels,
    }
    if settings.kms_key_name is not None:
        body["encryption"] = {"default_kms_key_name": settings.kms_key_name}
    if settings.retention_seconds is not None:
        body["retention_policy"] = {"retention_period": settings.retention_seconds}
    if settings.soft_delete_retention_days is not None:
        seconds = settings.soft_delete_retention_days * _DAY_SECONDS
        body["soft_delete_policy"] = {"retention_duration_seconds": seconds}
    return body


def _key_blocks(of: Description, key: str) -> "Iterator[Block]":
    """Yield the right to use a key, which Cloud Storage uses by an agent of the project."""
    project = of.config.project
    yield of.block(_AGENT, project, {}, mode="data")
    body = {
        "crypto_key_id": key,
        "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        "member": Ref(_AGENT, project, "member", "data"),
    }
    yield of.block(_KEY_USER, key, body)
