"""What several resources say of one bucket, made into its settings."""

from typing import Any

import pytest

from glacier import Provider
from glacier.claims import claims_on, settled
from glacier.config import GcpConfig
from glacier.errors import ContradictionError
from glacier_gcp.config import GcsConfig
from glacier_gcp.storage.settings import BUCKET, BucketSettings, bucket_settings

EXPIRE: dict[str, Any] = {"action": {"type": "Delete"}, "condition": {"age": 30}}
KEY = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"


@pytest.fixture
def provider() -> Provider:
    return Provider(config=GcpConfig(project="p"))


def settings_of(provider: Provider) -> BucketSettings:
    return bucket_settings("lake", settled(claims_on(provider, BUCKET, "lake")))


def with_prefix(*prefixes: str) -> dict[str, Any]:
    return {**EXPIRE, "condition": {"age": 30, "matches_prefix": list(prefixes)}}


def test_settings_of_a_bucket_without_config_are_the_defaults(provider: Provider) -> None:
    provider.bucket("lake")

    assert settings_of(provider) == BucketSettings(name="lake", is_described=False)


def test_defaults_of_settings_are_those_of_the_config() -> None:
    settings, config = BucketSettings("lake"), GcsConfig()

    for name in set(GcsConfig.model_fields) - {"lifecycle_rules", "cors", "overrides"}:
        assert getattr(settings, name) == getattr(config, name), name


def test_settings_are_what_each_resource_sets(provider: Provider) -> None:
    provider.bucket("lake", "hot/", config=GcsConfig(versioning=True, kms_key_name=KEY))
    provider.bucket("lake", "cold/", config=GcsConfig(retention_seconds=60))
    provider.bucket("lake", "else/")
    provider.bucket("other", config=GcsConfig(versioning=False))

    settings = settings_of(provider)

    assert settings == BucketSettings(
        name="lake", versioning=True, kms_key_name=KEY, retention_seconds=60
    )


def test_field_left_at_its_default_contradicts_nothing(provider: Provider) -> None:
    provider.bucket("lake", "hot/", config=GcsConfig(versioning=True))
    provider.bucket("lake", "cold/", config=GcsConfig(storage_class="STANDARD"))

    assert settings_of(provider).versioning is True


def test_contradicting_fields_name_both_resources(provider: Provider) -> None:
    provider.bucket("lake", "hot/", config=GcsConfig(storage_class="ARCHIVE"))
    provider.bucket("lake", "cold/", config=GcsConfig(storage_class="STANDARD"))

    with pytest.raises(
        ContradictionError, match=r"'hot/'.*storage_class='ARCHIVE'.*'cold/'.*='STANDARD'"
    ):
        settings_of(provider)


@pytest.mark.parametrize(
    ("path", "prefixes", "whole"),
    [
        ("", [], []),
        ("", ["tmp/"], ["tmp/"]),
        ("hot-data/", [], ["hot-data/"]),
        ("hot-data/", ["tmp/", "old/"], ["hot-data/tmp/", "hot-data/old/"]),
        ("raw/2024-*/x.parquet", [], ["raw/2024-"]),
        ("raw/[ab].parquet", [], ["raw/"]),
        ("raw/sales.parquet", [], ["raw/sales.parquet"]),
    ],
)
def test_lifecycle_rules_get_the_path_as_prefix(
    path: str, prefixes: list[str], whole: list[str], provider: Provider
) -> None:
    provider.bucket("lake", path, config=GcsConfig(lifecycle_rules=[with_prefix(*prefixes)]))

    (rule,) = settings_of(provider).lifecycle_rules

    assert (rule.condition.age, rule.condition.matches_prefix) == (30, whole)


def test_lifecycle_rules_of_two_paths_add_up(provider: Provider) -> None:
    provider.bucket("lake", "hot/", config=GcsConfig(lifecycle_rules=[EXPIRE]))
    provider.bucket("lake", "cold/", config=GcsConfig(lifecycle_rules=[EXPIRE]))

    rules = settings_of(provider).lifecycle_rules

    assert [rule.condition.matches_prefix for rule in rules] == [["hot/"], ["cold/"]]


def test_rule_that_two_resources_name_counts_once(provider: Provider) -> None:
    cors = {"origin": ["*"], "method": ["GET"]}
    shared = GcsConfig(lifecycle_rules=[EXPIRE, EXPIRE], cors=[cors])
    provider.bucket("lake", "hot/", config=shared)
    provider.bucket("lake", "hot/", format="csv", config=shared)

    settings = settings_of(provider)

    assert (len(settings.lifecycle_rules), len(settings.cors)) == (1, 1)


def test_overrides_add_up_and_go_where_they_belong(provider: Provider) -> None:
    autoclass = {"buckets": {"autoclass": {"enabled": True}}}
    provider.bucket("lake", "a", config=GcsConfig(overrides=autoclass))
    block = {"google_storage_bucket": {"force_destroy": True}}
    provider.bucket("lake", "b", config=GcsConfig(overrides=block))

    settings = settings_of(provider)

    assert settings.request_overrides == {"autoclass": {"enabled": True}}
    assert settings.block_overrides == {"force_destroy": True}


def test_contradicting_overrides_name_both_resources(provider: Provider) -> None:
    for path, value in (("a", True), ("b", False)):
        overrides = {"google_storage_bucket": {"force_destroy": value}}
        provider.bucket("lake", path, config=GcsConfig(overrides=overrides))

    with pytest.raises(ContradictionError, match=r"google_storage_bucket/force_destroy=True"):
        settings_of(provider)
