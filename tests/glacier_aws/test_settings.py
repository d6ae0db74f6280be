"""What several resources say of one bucket, made into its settings."""

from typing import Any

import pytest

from glacier import Provider
from glacier.claims import claims_on, settled
from glacier.config import AwsConfig
from glacier.errors import ContradictionError
from glacier_aws.config import S3Config
from glacier_aws.storage.settings import BucketSettings, bucket_settings

ARCHIVE = {"id": "archive", "transition": {"days": 30, "storage_class": "GLACIER"}}


@pytest.fixture
def provider() -> Provider:
    return Provider(config=AwsConfig(region="us-east-1"))


def settings_of(provider: Provider) -> BucketSettings:
    return bucket_settings("lake", settled(claims_on(provider, "bucket", "lake")))


def test_settings_of_a_bucket_without_config_are_the_defaults(provider: Provider) -> None:
    provider.bucket("lake")

    assert settings_of(provider) == BucketSettings(
        name="lake",
        is_described=False,
        versioning=False,
        encryption="AES256",
        kms_key_id=None,
        public_access_block=True,
    )


def test_settings_are_what_each_resource_sets(provider: Provider) -> None:
    kms: Any = {"encryption": "aws:kms", "kms_key_id": "alias/lake"}
    provider.bucket("lake", "hot/", config=S3Config(versioning=True, **kms))
    provider.bucket("lake", "cold/", config=S3Config(public_access_block=False))
    provider.bucket("lake", "else/")
    provider.bucket("other", config=S3Config(versioning=False))

    settings = settings_of(provider)

    assert settings.versioning is True
    assert (settings.encryption, settings.kms_key_id) == ("aws:kms", "alias/lake")
    assert settings.bucket_key is True
    assert settings.public_access_block is False


def test_field_left_at_its_default_contradicts_nothing(provider: Provider) -> None:
    provider.bucket("lake", "hot/", config=S3Config(versioning=True))
    provider.bucket("lake", "cold/", config=S3Config(encryption="AES256"))

    assert settings_of(provider).versioning is True


def test_contradicting_fields_name_both_resources(provider: Provider) -> None:
    provider.bucket("lake", "hot/", config=S3Config(versioning=True))
    provider.bucket("lake", "cold/", config=S3Config(versioning=False))

    with pytest.raises(ContradictionError, match=r"'hot/'.*versioning=True.*'cold/'.*=False"):
        settings_of(provider)


@pytest.mark.parametrize(
    ("path", "prefix", "whole"),
    [
        ("", "", ""),
        ("", "tmp/", "tmp/"),
        ("hot-data/", "", "hot-data/"),
        ("hot-data/", "tmp/", "hot-data/tmp/"),
        ("raw/2024-*/x.parquet", "", "raw/2024-"),
        ("raw/[ab].parquet", "", "raw/"),
        ("raw/sales.parquet", "", "raw/sales.parquet"),
    ],
)
def test_lifecycle_rules_get_the_path_as_prefix(
    path: str, prefix: str, whole: str, provider: Provider
) -> None:
    provider.bucket("lake", path, config=S3Config(lifecycle_rules=[{**ARCHIVE, "prefix": prefix}]))

    (rule,) = settings_of(provider).lifecycle_rules

    assert (rule.id, rule.prefix) == ("archive", whole)


def test_lifecycle_rules_of_one_id_get_ids_of_their_own(provider: Provider) -> None:
    shared = S3Config(lifecycle_rules=[ARCHIVE])
    provider.bucket("lake", "hot/", config=shared)
    provider.bucket("lake", "cold/", config=shared)

    hot, cold = settings_of(provider).lifecycle_rules

    assert (hot.prefix, cold.prefix) == ("hot/", "cold/")
    assert hot.id != cold.id
    assert all(str(rule.id).startswith("archive-") for rule in (hot, cold))


def test_lifecycle_rule_without_an_id_always_gets_the_same(provider: Provider) -> None:
    rule = {"expiration": {"days": 3}}
    provider.bucket("lake", config=S3Config(lifecycle_rules=[rule, rule, {**rule, "prefix": "a"}]))

    first, second = settings_of(provider).lifecycle_rules

    assert first.id == settings_of(provider).lifecycle_rules[0].id
    assert first.id != second.id
    assert str(first.id).startswith("glacier-")


def test_overrides_add_up_and_go_where_their_names_belong(provider: Provider) -> None:
    provider.bucket("lake", "a", config=S3Config(overrides={"ObjectLockEnabledForBucket": True}))
    provider.bucket("lake", "b", config=S3Config(overrides={"force_destroy": True}))

    settings = settings_of(provider)

    assert settings.request_overrides == {"ObjectLockEnabledForBucket": True}
    assert settings.block_overrides == {"force_destroy": True}


def test_contradicting_overrides_name_both_resources(provider: Provider) -> None:
    provider.bucket("lake", "a", config=S3Config(overrides={"force_destroy": True}))
    provider.bucket("lake", "b", config=S3Config(overrides={"force_destroy": False}))

    with pytest.raises(ContradictionError, match=r"overrides\.force_destroy=True"):
        settings_of(provider)
