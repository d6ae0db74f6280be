"""Lifecycle rules in the words of `azurerm_storage_management_policy`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from glacier_azure.storage.rules import ACTIONS
from glacier_azure.terraform.blocks import Body

if TYPE_CHECKING:
    from glacier_azure.storage.rules import (
        BlobActions,
        BlobAge,
        FormerBlobActions,
        LifecycleRule,
    )

_BLOCK_BLOBS = "blockBlob"
_EVENTS = {
    "days_after_modification_greater_than": "modification",
    "days_after_creation_greater_than": "creation",
    "days_after_last_access_time_greater_than": "last_access_time",
    "days_after_last_tier_change_greater_than": "last_tier_change",
}
_SINCE_CREATION = {
    "tier_to_cool": "change_tier_to_cool_after_days_since_creation",
    "tier_to_cold": "tier_to_cold_after_days_since_creation_greater_than",
    "tier_to_archive": "change_tier_to_archive_after_days_since_creation",
}
_SINCE_TIER_CHANGE = "tier_to_archive_after_days_since_last_tier_change_greater_than"


def lifecycle_rule(rule: "LifecycleRule") -> Body:
    """Return a rule whose prefix starts with its container's name."""
    actions: Body = {}
    if rule.base_blob is not None:
        actions["base_blob"] = _blob_actions(rule.base_blob)
    if rule.snapshot is not None:
        deletion = "delete_after_days_since_creation_greater_than"
        actions["snapshot"] = _former_actions(rule.snapshot, deletion)
    if rule.version is not None:
        actions["version"] = _former_actions(rule.version, "delete_after_days_since_creation")
    tags = [{"name": name, "operation": "==", "value": value} for name, value in rule.tags.items()]
    return {
        "name": rule.name,
        "enabled": rule.enabled,
        "filters": {
            "blob_types": [_BLOCK_BLOBS],
            "prefix_match": [rule.prefix],
            "match_blob_index_tag": tags or None,
        },
        "actions": actions,
    }


def _blob_actions(actions: "BlobActions") -> Body:
    body: Body = {}
    for action in ACTIONS:
        age: BlobAge | None = getattr(actions, action)
        if age is not None:
            body |= dict(_ages(action, age))
    if actions.enable_auto_tier_to_hot_from_cool:
        body["auto_tier_to_hot_from_cool_enabled"] = True
    return body


def _ages(action: str, age: "BlobAge") -> Iterable[tuple[str, int]]:
    for field, event in _EVENTS.items():
        days = getattr(age, field)
        if days is not None:
            yield f"{action}_after_days_since_{event}_greater_than", days


def _former_actions(actions: "FormerBlobActions", deletion: str) -> Body:
    """Return what happens to snapshots or versions, for which Terraform has words of its own."""
    body: Body = {}
    for action, argument in {**_SINCE_CREATION, "delete": deletion}.items():
        age = getattr(actions, action)
        if age is None:
            continue
        body[argument] = age.days_after_creation_greater_than
        if age.days_after_last_tier_change_greater_than is not None:
            body[_SINCE_TIER_CHANGE] = age.days_after_last_tier_change_greater_than
    return body
