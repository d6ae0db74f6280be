"""What a container and its storage account are to be like, from all configs that speak of them.

Pure functions, on which `deploy()` and Terraform both build, so that both make the same.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from glacier.claims import Claim, Settings
from glacier.errors import StorageError
from glacier.overrides import claimed_overrides, overrides_in
from glacier.storage import fixed_part
from glacier_azure.config import BlobConfig
from glacier_azure.storage.rules import ACTIONS

if TYPE_CHECKING:
    from glacier.resources import Bucket
    from glacier_azure.config import AzureConfig
    from glacier_azure.storage.rules import LifecycleRule

CONTAINER = "bucket"
"""The kind of claim on a container; its name is the bucket's."""

ACCOUNT = "storage account"
"""The kind of claim on a storage account; its name is empty where the provider names none."""

_ACCOUNT_KEY_SCOPE = "$account-encryption-key"
_OF_CONTAINER = ("container_access", "encryption_scope")
_OF_ACCOUNT = ("replication", "hierarchical_namespace", "soft_delete_retention_days")
_OVERRIDES_OF_CONTAINER = ("containers", "azurerm_storage_container")
_LONGEST_PREFIX_OF_NAME = 240


@dataclass(frozen=True, slots=True)
class ContainerSettings:
    """Everything that is settled about one container, defaults included.

    Attributes:
        name: The container's name.
        container_access: What anyone may read: `private`, `blob` or `container`.
        encryption_scope: The scope that encrypts it by default; None for the account's key.
        overrides: What was set beside that, by what it belongs to, then by field.
    """

    name: str
    container_access: str = "private"
    encryption_scope: str | None = None
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # Any: JSON


def check_scope(settings: ContainerSettings, present: str | None) -> None:
    """Refuse an encryption scope for a container that was made with another one.

    Raises:
        StorageError: It was.
    """
    wanted = settings.encryption_scope
    if wanted is not None and wanted != present:
        has = "the account's own key" if present in {None, _ACCOUNT_KEY_SCOPE} else repr(present)
        raise StorageError(
            f"The container {settings.name!r} was made with {has} as its encryption scope, and "
            f"configs say {wanted!r}. Azure settles that when a container is made: correct the "
            "config, or choose another container."
        )


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """Everything that is settled about one storage account, defaults included.

    Attributes:
        name: The account's name.
        replication: How many copies are kept, as `BlobConfig` has it.
        hierarchical_namespace: Whether directories are real.
        soft_delete_retention_days: For how many days deleted blobs can be restored; 0 for none.
        lifecycle_rules: Rules with a name of their own and their whole prefix, which starts with
            the container's name and a slash.
        ruled_containers: The containers whose rules were set, be it to none.
        public_containers: Those that anyone may read.
        encryption_scopes: The scopes that containers need.
        is_set: The names of the fields that some config sets, of `replication`,
            `hierarchical_namespace` and `soft_delete_retention_days`.
        overrides: What was set beside all that, by what it belongs to, then by field.
    """

    name: str
    replication: str = "LRS"
    hierarchical_namespace: bool = False
    soft_delete_retention_days: int = 7
    lifecycle_rules: "tuple[LifecycleRule, ...]" = ()
    ruled_containers: tuple[str, ...] = ()
    public_containers: tuple[str, ...] = ()
    encryption_scopes: tuple[str, ...] = ()
    is_set: frozenset[str] = frozenset()
    overrides: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # Any: JSON

    @property
    def sku(self) -> str:
        """The SKU, as Resource Manager calls it: `Standard_RAGRS` for `RA-GRS`."""
        return f"Standard_{self.replication.replace('-', '')}"

    @property
    def tracks_access(self) -> bool:
        """Whether a rule counts from the last access, which an account notes on demand alone."""
        actions = (rule.base_blob for rule in self.lifecycle_rules if rule.base_blob is not None)
        ages = (getattr(one, name) for one in actions for name in ACTIONS)
        return any(
            age is not None and age.days_after_last_access_time_greater_than is not None
            for age in ages
        )


def claims_of(bucket: "Bucket") -> Iterator[Claim]:
    """Yield what a resource says of its container and of the account: what its config sets.

    Its lifecycle rules concern its path and no more.
    """
    config = cast("BlobConfig | None", bucket.config) or BlobConfig()
    owner, set_here = repr(bucket), config.model_fields_set
    yield Claim(
        kind=CONTAINER,
        name=bucket.bucket_name,
        owner=owner,
        fields={
            **{name: getattr(config, name) for name in _OF_CONTAINER if name in set_here},
            **_overrides(config, of_container=True),
        },
    )
    here = (bucket.bucket_name,)
    yield Claim(
        kind=ACCOUNT,
        name=cast("AzureConfig", bucket.provider.config).storage_account or "",
        owner=owner,
        fields={
            **{name: getattr(config, name) for name in _OF_ACCOUNT if name in set_here},
            **_overrides(config, of_container=False),
        },
        lists={
            "lifecycle_rules": tuple(_rules_below(bucket, config)),
            "ruled_containers": here if config.lifecycle_rules is not None else (),
            "public_containers": here if config.container_access != "private" else (),
            "encryption_scopes": (config.encryption_scope,) if config.encryption_scope else (),
        },
    )


def container_settings(name: str, settled: Settings) -> ContainerSettings:
    """Return all settings of a container, from what the resources say of it together."""
    given = {one: settled.fields[one] for one in _OF_CONTAINER if one in settled.fields}
    return ContainerSettings(name=name, overrides=overrides_in(settled.fields), **given)


def account_settings(name: str, settled: Settings) -> AccountSettings:
    """Return all settings of a storage account, from what the resources say of it together."""
    given = {one: settled.fields[one] for one in _OF_ACCOUNT if one in settled.fields}
    lists: dict[str, Any] = dict(settled.lists)
    rules = _with_own_names(lists.pop("lifecycle_rules", ()))
    return AccountSettings(
        name=name,
        lifecycle_rules=rules,
        is_set=frozenset(given),
        overrides=overrides_in(settled.fields),
        **given,
        **lists,
    )


def _overrides(config: BlobConfig, *, of_container: bool) -> dict[str, Any]:  # Any: JSON
    return claimed_overrides(
        {
            owner: fields
            for owner, fields in config.overrides.items()
            if (owner in _OVERRIDES_OF_CONTAINER) == of_container
        }
    )


def _rules_below(bucket: "Bucket", config: BlobConfig) -> "Iterator[LifecycleRule]":
    root = f"{bucket.bucket_name}/{fixed_part(bucket.path)}"
    for rule in cast("list[LifecycleRule]", config.lifecycle_rules or []):
        yield rule.model_copy(update={"prefix": f"{root}{rule.prefix}"})


def _with_own_names(rules: "Iterable[LifecycleRule]") -> "tuple[LifecycleRule, ...]":
    """Return rules, each once, with the names that Azure wants: no two of an account share one."""
    given: list[LifecycleRule] = []
    for rule in rules:
        if rule not in given:
            given.append(rule)
    counts = Counter(rule.name for rule in given)
    return tuple(
        rule
        if rule.name is not None and counts[rule.name] == 1
        else rule.model_copy(update={"name": _made_up_name(rule)})
        for rule in given
    )


def _made_up_name(rule: "LifecycleRule") -> str:
    digest = hashlib.sha256(rule.model_dump_json().encode()).hexdigest()[:8]
    return f"{(rule.name or 'glacier')[:_LONGEST_PREFIX_OF_NAME]}-{digest}"
