"""The config of a bucket, and its rules."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from glacier_aws.config import S3Config
from glacier_aws.storage.rules import CorsRule, LifecycleRule, Transition

ARCHIVE = {"days": 30, "storage_class": "GLACIER"}


def test_s3_config_defaults_are_safe() -> None:
    config = S3Config()

    assert config.public_access_block is True
    assert config.encryption == "AES256"
    assert config.versioning is False
    assert config.lifecycle_rules is None
    assert config.cors is None


def test_s3_config_refuses_an_unknown_encryption() -> None:
    with pytest.raises(ValidationError, match="'AES256', 'aws:kms' or 'aws:kms:dsse'"):
        S3Config.model_validate({"encryption": "rot13"})


def test_key_without_kms_is_refused() -> None:
    with pytest.raises(ValidationError, match="kms_key_id is for encryption='aws:kms'"):
        S3Config(kms_key_id="alias/lake")


@pytest.mark.parametrize("encryption", ["aws:kms", "aws:kms:dsse"])
def test_key_goes_with_kms(encryption: str) -> None:
    config = S3Config.model_validate({"encryption": encryption, "kms_key_id": "alias/lake"})

    assert config.kms_key_id == "alias/lake"


def test_lifecycle_rules_are_written_as_dicts() -> None:
    config = S3Config(lifecycle_rules=[{"id": "archive", "transition": ARCHIVE}])

    assert config.lifecycle_rules == [
        LifecycleRule(id="archive", transition=Transition(days=30, storage_class="GLACIER"))
    ]


def test_lifecycle_rule_knows_every_action() -> None:
    rule = LifecycleRule.model_validate(
        {
            "prefix": "tmp/",
            "tags": {"kind": "scratch"},
            "transition": ARCHIVE,
            "transitions": [{"date": "2030-01-01", "storage_class": "DEEP_ARCHIVE"}],
            "expiration": {"days": 400},
            "noncurrent_version_transitions": [{"days": 7, "storage_class": "GLACIER_IR"}],
            "noncurrent_version_expiration": {"days": 90, "newer_versions": 3},
        }
    )

    assert [(one.days, one.date) for one in rule.all_transitions] == [
        (30, None),
        (None, date(2030, 1, 1)),
    ]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"id": "x", "transitoin": ARCHIVE}, "unknown transitoin; the fields of LifecycleRule are"),
        ({"transition": {"dayz": 1}}, "unknown dayz; the fields of Transition are storage_class"),
        ({"ID": "x", "Transitions": []}, "unknown ID, Transitions; .* id, enabled, prefix"),
        ({"id": "x"}, "a lifecycle rule needs one of transition"),
        ({"transition": {"days": 30}}, "storage_class"),
        ({"transition": {"days": -1, "storage_class": "GLACIER"}}, "greater than or equal to 0"),
        ({"transition": {"storage_class": "GLACIER"}}, "needs exactly one of days, date"),
        ({"transition": {"days": 7, "storage_class": "STANDARD_IA"}}, "after 30 days at the earli"),
        ({"transition": {"days": 7, "storage_class": "COLD"}}, "'GLACIER'"),
        ({"expiration": {"days": 1, "date": "2030-01-01"}}, "needs exactly one of days, date"),
        ({"expiration": {"days": 0}}, "greater than or equal to 1"),
        (
            {"tags": {"a": "b"}, "abort_incomplete_multipart_upload_days": 1},
            "into a rule without tags",
        ),
        ({"id": "x" * 256, "transition": ARCHIVE}, "at most 255 characters"),
    ],
)
def test_lifecycle_rule_that_s3_would_refuse_is_refused(rule: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        S3Config(lifecycle_rules=[rule])


def test_cors_rules_are_written_as_dicts() -> None:
    config = S3Config(cors=[{"allowed_origins": ["*"], "allowed_methods": ["GET"]}])

    assert config.cors == [CorsRule(allowed_origins=["*"], allowed_methods=["GET"])]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        ({"origins": ["*"]}, "unknown origins; the fields of CorsRule are allowed_origins"),
        ({"allowed_origins": [], "allowed_methods": ["GET"]}, "at least 1 item"),
        ({"allowed_origins": ["*"], "allowed_methods": ["PATCH"]}, "'HEAD'"),
    ],
)
def test_cors_rule_that_s3_would_refuse_is_refused(rule: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        S3Config(cors=[rule])
