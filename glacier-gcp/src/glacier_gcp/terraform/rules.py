"""Rules of buckets in the words of `google_storage_bucket`."""

from typing import TYPE_CHECKING

from glacier_gcp.terraform.blocks import Body

if TYPE_CHECKING:
    from glacier_gcp.storage.rules import CorsRule, LifecycleCondition, LifecycleRule

_DAYS = ("age", "days_since_custom_time", "days_since_noncurrent_time", "num_newer_versions")
"""Conditions of which Terraform's provider passes over a 0 unless it is told to send it."""

_DATES = ("created_before", "custom_time_before", "noncurrent_time_before")
_LISTS = ("matches_prefix", "matches_suffix", "matches_storage_class")


def lifecycle_rule(rule: "LifecycleRule") -> Body:
    """Return a rule whose prefixes start with its path."""
    action = {"type": rule.action.type, "storage_class": rule.action.storage_class}
    return {"action": action, "condition": _condition(rule.condition)}


def cors_rule(rule: "CorsRule") -> Body:
    """Return a rule for requests from browsers."""
    return {
        "origin": rule.origin,
        "method": rule.method,
        "response_header": rule.response_header or None,
        "max_age_seconds": rule.max_age_seconds,
    }


def _condition(condition: "LifecycleCondition") -> Body:
    body: Body = {}
    for name in _DAYS:
        number = getattr(condition, name)
        body[name] = number
        if number == 0:
            body[f"send_{name}_if_zero"] = True
    if condition.age is None:
        body["send_age_if_zero"] = False  # the provider's own default would send an age of 0
    for name in _DATES:
        day = getattr(condition, name)
        body[name] = None if day is None else day.isoformat()
    for name in _LISTS:
        body[name] = getattr(condition, name) or None
    if condition.is_live is not None:
        body["with_state"] = "LIVE" if condition.is_live else "ARCHIVED"
    return body
