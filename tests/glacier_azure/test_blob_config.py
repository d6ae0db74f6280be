"""The config of a container, and its rules."""

from typing import Any

import pytest
from pydantic import ValidationError

from glacier_azure.config import BlobConfig
from glacier_azure.storage.rules import BlobActions, BlobAge, FormerBlobAge, LifecycleRule

MONTH = {"days_after_modification_greater_than": 30}
ARCHIVE = {"tier_to_archive": MONTH}


def test_blob_config_has_the_documented_defaults() -> None:
    config = BlobConfig()

    assert (config.tier, config.replication) == ("Hot", "LRS")
    assert config.encryption_scope is None
    assert config.soft_delete_retention_days == 7
    assert config.lifecycle_rules is None
    assert config.container_access == "private"
    assert config.hierarchical_namespace is False


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"tier": "Tepid"}, "'Hot', 'Cool', 'Cold' or 'Archive'"),
        ({"replication": "XRS"}, "'LRS', 'ZRS'"),
        ({"soft_delete_retention_days": 366}, "less than or equal to 365"),
        ({"encryption_scope": "a-b"}, "should match pattern"),
        ({"container_access": "public"}, "'private', 'blob' or 'container'"),
        ({"overrides": {"minimumTlsVersion": "x"}}, "belongs to nothing .* one of storageAccounts"),
        ({"overrides": {"storageAccounts": "x"}}, "expected a mapping of fields"),
    ],
)
def test_blob_config_refuses_what_azure_would(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        BlobConfig.model_validate(fields)


def test_lifecycle_rules_are_written_as_dicts() -> None:
    config = BlobConfig(lifecycle_rules=[{"name": "archive", "base_blob": ARCHIVE}])

    age = BlobAge(days_after_modification_greater_than=30)
    assert config.lifecycle_rules == [
        LifecycleRule(name="archive", base_blob=BlobActions(tier_to_archive=age))
    ]


def test_lifecycle_rule_knows_every_action() -> None:
    rule = LifecycleRule.model_validate(
        {
            "prefix": "tmp/",
            "tags": {"kind": "scratch"},
            "base_blob": {
                "tier_to_cool": {"days_after_last_access_time_greater_than": 7},
                "tier_to_cold": {"days_after_creation_greater_than": 14},
                "tier_to_archive": {**MONTH, "days_after_last_tier_change_greater_than": 7},
                "delete": {"days_after_modification_greater_than": 400},
                "enable_auto_tier_to_hot_from_cool": True,
            },
            "snapshot": {"delete": {"days_after_creation_greater_than": 90}},
            "version": {"tier_to_cold": {"days_after_creation_greater_than": 7}},
        }
    )

    assert rule.snapshot is not None
    assert rule.snapshot.delete == FormerBlobAge(days_after_creation_greater_than=90)


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"name": "x", "baseBlob": ARCHIVE}, "unknown baseBlob; the fields of LifecycleRule are"),
        ({"base_blob": {"archive": MONTH}}, "unknown archive; the fields of BlobActions are tier"),
        ({"base_blob": {"delete": {"days": 1}}}, "unknown days; the fields of BlobAge are days_a"),
        ({"name": "x"}, "a lifecycle rule needs one of base_blob, snapshot, version"),
        ({"base_blob": {}}, "BlobActions needs one of tier_to_cool"),
        ({"snapshot": {}}, "FormerBlobActions needs one of tier_to_cool"),
        ({"base_blob": {"delete": {}}}, "needs exactly one of days_after_modification"),
        (
            {"base_blob": {"delete": {**MONTH, "days_after_creation_greater_than": 1}}},
            "needs exactly one of",
        ),
        (
            {"base_blob": {"delete": {**MONTH, "days_after_last_tier_change_greater_than": 1}}},
            "is for tier_to_archive, not for delete",
        ),
        (
            {
                "base_blob": {
                    "tier_to_archive": {
                        "days_after_creation_greater_than": 3,
                        "days_after_last_tier_change_greater_than": 1,
                    }
                }
            },
            "needs days_after_modification_greater_than beside it",
        ),
        (
            {"base_blob": {**ARCHIVE, "enable_auto_tier_to_hot_from_cool": True}},
            "needs a tier_to_cool with days_after_last_access",
        ),
        (
            {"base_blob": {"delete": {"days_after_modification_greater_than": -1}}},
            "greater than or equal to 0",
        ),
        ({"name": "old data", "base_blob": ARCHIVE}, "should match pattern"),
    ],
)
def test_lifecycle_rule_that_azure_would_refuse_is_refused(
    rule: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValidationError, match=problem):
        BlobConfig(lifecycle_rules=[rule])
