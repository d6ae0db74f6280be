"""Lifecycle rules as a storage account's management policy has them; pure functions."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from glacier_azure.storage.rules import (
        BlobActions,
        BlobAge,
        FormerBlobActions,
        FormerBlobAge,
        LifecycleRule,
    )

Fields = dict[str, Any]
"""Fields of a request."""

_AGES = {
    "days_after_modification_greater_than": "daysAfterModificationGreaterThan",
    "days_after_creation_greater_than": "daysAfterCreationGreaterThan",
    "days_after_last_access_time_greater_than": "daysAfterLastAccessTimeGreaterThan",
    "days_after_last_tier_change_greater_than": "daysAfterLastTierChangeGreaterThan",
}
_ACTIONS = {
    "tier_to_cool": "tierToCool",
    "tier_to_cold": "tierToCold",
    "tier_to_archive": "tierToArchive",
    "delete": "delete",
}


def policy_rules(
    present: Iterable[Mapping[str, Any]],
    rules: "Iterable[LifecycleRule]",
    containers: Iterable[str],
) -> list[Fields]:
    """Return all rules that an account's policy is to have.

    Args:
        present: Those that it has.
        rules: Those that it is to have for some containers.
        containers: Whose present rules these replace; rules of others stay as they are.
    """
    replaced = set(containers)
    kept = [dict(one) for one in present if not _is_of(one, replaced)]
    return kept + [policy_rule(one) for one in rules]


def policy_rule(rule: "LifecycleRule") -> Fields:
    """Return a lifecycle rule as Resource Manager has it; its prefix names the container."""
    filters: Fields = {"blobTypes": ["blockBlob"], "prefixMatch": [rule.prefix]}
    if rule.tags:
        filters["blobIndexMatch"] = [
            {"name": name, "op": "==", "value": value} for name, value in rule.tags.items()
        ]
    actions = {
        "baseBlob": _actions(rule.base_blob),
        "snapshot": _actions(rule.snapshot),
        "version": _actions(rule.version),
    }
    if rule.base_blob is not None and rule.base_blob.enable_auto_tier_to_hot_from_cool:
        actions["baseBlob"]["enableAutoTierToHotFromCool"] = True
    return {
        "name": rule.name,
        "enabled": rule.enabled,
        "type": "Lifecycle",
        "definition": {
            "filters": filters,
            "actions": {name: found for name, found in actions.items() if found},
        },
    }


def _actions(actions: "BlobActions | FormerBlobActions | None") -> Fields:
    ages = {} if actions is None else {name: getattr(actions, name) for name in _ACTIONS}
    return {_ACTIONS[name]: _age(age) for name, age in ages.items() if age is not None}


def _age(age: "BlobAge | FormerBlobAge") -> Fields:
    found = {wire: getattr(age, name, None) for name, wire in _AGES.items()}
    return {name: days for name, days in found.items() if days is not None}


def _is_of(rule: Mapping[str, Any], containers: set[str]) -> bool:
    """Return whether a rule concerns some containers and no others."""
    prefixes = rule.get("definition", {}).get("filters", {}).get("prefixMatch") or ()
    return bool(prefixes) and {one.partition("/")[0] for one in prefixes} <= containers
