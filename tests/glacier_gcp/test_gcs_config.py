"""The config of a bucket, and its rules."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from glacier_gcp.config import GcsConfig
from glacier_gcp.storage.rules import CorsRule, LifecycleAction, LifecycleCondition, LifecycleRule

DELETE = {"type": "Delete"}
MONTH = {"age": 30}
KEY = "projects/p/locations/europe-west1/keyRings/r/cryptoKeys/k"


def test_gcs_config_has_the_documented_defaults() -> None:
    config = GcsConfig()

    assert (config.storage_class, config.versioning) == ("STANDARD", False)
    assert config.lifecycle_rules is None
    assert config.uniform_bucket_level_access is True
    assert config.public_access_prevention == "enforced"
    assert (config.kms_key_name, config.retention_seconds) == (None, None)
    assert config.soft_delete_retention_days is None
    assert config.cors is None


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"storage_class": "HOT"}, "'STANDARD', 'NEARLINE', 'COLDLINE' or 'ARCHIVE'"),
        ({"public_access_prevention": "off"}, "'enforced' or 'inherited'"),
        ({"kms_key_name": "alias/lake"}, "should match pattern"),
        ({"kms_key_name": f"{KEY}/cryptoKeyVersions/1"}, "should match pattern"),
        ({"retention_seconds": 0}, "greater than or equal to 1"),
        ({"retention_seconds": 3_155_760_001}, "less than or equal to 3155760000"),
        ({"soft_delete_retention_days": 3}, "for 7 to 90 days, or not at all"),
        ({"soft_delete_retention_days": 91}, "less than or equal to 90"),
        ({"overrides": {"autoclass": {"enabled": True}}}, "belongs to nothing .* one of buckets"),
        ({"overrides": {"buckets": "x"}}, "expected a mapping of fields"),
        ({"versioned": True}, "unknown versioned; the fields of GcsConfig are"),
    ],
)
def test_gcs_config_refuses_what_google_would(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        GcsConfig.model_validate(fields)


@pytest.mark.parametrize("days", [0, 7, 90, None])
def test_soft_delete_is_off_or_long_enough(days: int | None) -> None:
    assert GcsConfig(soft_delete_retention_days=days).soft_delete_retention_days == days


def test_rules_are_written_as_dicts() -> None:
    config = GcsConfig(
        kms_key_name=KEY,
        lifecycle_rules=[{"action": DELETE, "condition": MONTH}],
        cors=[{"origin": ["*"], "method": ["GET"]}],
    )

    assert config.lifecycle_rules == [
        LifecycleRule(action=LifecycleAction(type="Delete"), condition=LifecycleCondition(age=30))
    ]
    assert config.cors == [CorsRule(origin=["*"], method=["GET"])]


def test_lifecycle_rule_knows_every_condition() -> None:
    rule = LifecycleRule.model_validate(
        {
            "action": {"type": "SetStorageClass", "storage_class": "ARCHIVE"},
            "condition": {
                "age": 0,
                "created_before": "2026-01-31",
                "custom_time_before": "2026-01-31",
                "days_since_custom_time": 3,
                "days_since_noncurrent_time": 4,
                "noncurrent_time_before": "2026-01-31",
                "num_newer_versions": 2,
                "is_live": False,
                "matches_prefix": ["tmp/"],
                "matches_suffix": [".csv"],
                "matches_storage_class": ["STANDARD"],
            },
        }
    )

    assert rule.condition.names == set(LifecycleCondition.model_fields)
    assert rule.condition.created_before == date(2026, 1, 31)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"action": DELETE}, "condition\n  Field required"),
        ({"action": DELETE, "condition": {}}, "a condition needs one of age, created_before"),
        ({"action": DELETE, "condition": {"matches_prefix": []}}, "for all objects at once"),
        ({"action": DELETE, "condition": {"matches_prefix": [""]}}, "at least 1 character"),
        ({"action": DELETE, "condition": {"isLive": True}}, "unknown isLive; the fields of Lif"),
        ({"action": DELETE, "condition": {"age": -1}}, "greater than or equal to 0"),
        ({"action": {"type": "Archive"}, "condition": MONTH}, "'Delete', 'SetStorageClass' or"),
        ({"action": {"type": "SetStorageClass"}, "condition": MONTH}, "go together; set both or"),
        (
            {"action": {"type": "Delete", "storage_class": "ARCHIVE"}, "condition": MONTH},
            "go together; set both or neither: type is 'Delete' and storage_class 'ARCHIVE'",
        ),
        (
            {
                "action": {"type": "AbortIncompleteMultipartUpload"},
                "condition": {"age": 1, "is_live": True},
            },
            "knows no is_live; its conditions are age, matches_prefix, matches_suffix",
        ),
    ],
)
def test_lifecycle_rule_that_google_would_refuse_is_refused(
    rule: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        GcsConfig(lifecycle_rules=[rule])


@pytest.mark.parametrize("rule", [{"origin": [], "method": ["GET"]}, {"origin": ["*"]}])
def test_cors_rule_that_says_nothing_is_refused(rule: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"at least 1 item|Field required"):
        GcsConfig(cors=[rule])
