"""What several resources say of one container and of their account, made into settings."""

from typing import Any

import pytest

from glacier import Provider
from glacier.claims import claims_on, settled
from glacier.config import AzureConfig
from glacier.errors import ContradictionError
from glacier_azure.config import BlobConfig
from glacier_azure.storage.settings import (
    ACCOUNT,
    CONTAINER,
    AccountSettings,
    ContainerSettings,
    account_settings,
    container_settings,
)

ARCHIVE: dict[str, Any] = {
    "name": "archive",
    "base_blob": {"tier_to_archive": {"days_after_modification_greater_than": 30}},
}


@pytest.fixture
def provider() -> Provider:
    return Provider(config=AzureConfig(resource_group="rg", storage_account="lakes"))


def container_of(provider: Provider, name: str = "lake") -> ContainerSettings:
    return container_settings(name, settled(claims_on(provider, CONTAINER, name)))


def account_of(provider: Provider) -> AccountSettings:
    return account_settings("lakes", settled(claims_on(provider, ACCOUNT, "lakes")))


def test_settings_without_config_are_the_defaults(provider: Provider) -> None:
    provider.bucket("lake")

    assert container_of(provider) == ContainerSettings(name="lake")
    assert account_of(provider) == AccountSettings(name="lakes")


def test_settings_are_what_each_resource_sets(provider: Provider) -> None:
    provider.bucket("lake", "hot/", config=BlobConfig(encryption_scope="lakes"))
    provider.bucket("lake", "cold/", config=BlobConfig(container_access="blob"))
    provider.bucket("other", config=BlobConfig(replication="RA-GRS", encryption_scope="others"))

    container, account = container_of(provider), account_of(provider)

    assert (container.encryption_scope, container.container_access) == ("lakes", "blob")
    assert account.sku == "Standard_RAGRS"
    assert account.is_set == {"replication"}
    assert account.public_containers == ("lake",)
    assert account.encryption_scopes == ("lakes", "others")


def test_containers_of_one_account_may_not_contradict(provider: Provider) -> None:
    provider.bucket("lake", config=BlobConfig(replication="GRS"))
    provider.bucket("other", config=BlobConfig(replication="ZRS"))

    with pytest.raises(
        ContradictionError,
        match=r"'lake'.*replication='GRS' .*'other'.*='ZRS', .* the one storage account 'lakes'",
    ):
        account_of(provider)


def test_containers_of_one_account_may_differ_in_what_is_their_own(provider: Provider) -> None:
    provider.bucket("lake", config=BlobConfig(container_access="private", tier="Hot"))
    provider.bucket("other", config=BlobConfig(container_access="container", tier="Cool"))

    assert container_of(provider).container_access == "private"
    assert container_of(provider, "other").container_access == "container"
    assert account_of(provider).public_containers == ("other",)


def test_paths_of_one_container_may_not_contradict(provider: Provider) -> None:
    provider.bucket("lake", "hot/", config=BlobConfig(container_access="private"))
    provider.bucket("lake", "cold/", config=BlobConfig(container_access="blob"))

    with pytest.raises(ContradictionError, match=r"'hot/'.*'private'.*'cold/'.*'blob'"):
        container_of(provider)


@pytest.mark.parametrize(
    ("path", "prefix", "whole"),
    [
        ("", "", "lake/"),
        ("", "tmp/", "lake/tmp/"),
        ("hot-data/", "tmp/", "lake/hot-data/tmp/"),
        ("raw/2024-*/x.parquet", "", "lake/raw/2024-"),
        ("raw/sales.parquet", "", "lake/raw/sales.parquet"),
    ],
)
def test_lifecycle_rules_get_container_and_path_as_prefix(
    path: str, prefix: str, whole: str, provider: Provider
) -> None:
    rules = [{**ARCHIVE, "prefix": prefix}]
    provider.bucket("lake", path, config=BlobConfig(lifecycle_rules=rules))

    account = account_of(provider)

    assert [(one.name, one.prefix) for one in account.lifecycle_rules] == [("archive", whole)]
    assert account.ruled_containers == ("lake",)


def test_lifecycle_rules_of_one_name_get_names_of_their_own(provider: Provider) -> None:
    shared = BlobConfig(lifecycle_rules=[ARCHIVE])
    provider.bucket("hot", config=shared)
    provider.bucket("cold", config=shared)

    hot, cold = account_of(provider).lifecycle_rules

    assert (hot.prefix, cold.prefix) == ("hot/", "cold/")
    assert hot.name != cold.name
    assert all(str(rule.name).startswith("archive-") for rule in (hot, cold))


def test_lifecycle_rule_without_a_name_always_gets_the_same(provider: Provider) -> None:
    rule = {"base_blob": ARCHIVE["base_blob"]}
    rules = [rule, rule, {**rule, "prefix": "a"}]
    provider.bucket("lake", config=BlobConfig(lifecycle_rules=rules))

    first, second = account_of(provider).lifecycle_rules

    assert first.name == account_of(provider).lifecycle_rules[0].name
    assert first.name != second.name
    assert str(first.name).startswith("glacier-")


def test_no_rules_is_something_else_than_no_word_of_them(provider: Provider) -> None:
    provider.bucket("lake", config=BlobConfig(lifecycle_rules=[]))
    provider.bucket("other", config=BlobConfig())

    assert account_of(provider).ruled_containers == ("lake",)


def test_overrides_add_up_and_go_where_they_belong(provider: Provider) -> None:
    tls = {"storageAccounts": {"properties": {"minimumTlsVersion": "TLS1_3"}}}
    keys = {"storageAccounts": {"properties": {"allowSharedKeyAccess": False}, "zones": ["1"]}}
    block = {"azurerm_storage_container": {"metadata": {"team": "data"}}}
    provider.bucket("lake", config=BlobConfig(overrides={**tls, **block}))
    provider.bucket("other", config=BlobConfig(overrides=keys))

    assert container_of(provider).overrides == block
    assert account_of(provider).overrides == {
        "storageAccounts": {
            "properties": {"minimumTlsVersion": "TLS1_3", "allowSharedKeyAccess": False},
            "zones": ["1"],
        }
    }


def test_contradicting_overrides_name_the_field(provider: Provider) -> None:
    for name, is_allowed in (("lake", True), ("other", False)):
        given = {"storageAccounts": {"properties": {"allowSharedKeyAccess": is_allowed}}}
        provider.bucket(name, config=BlobConfig(overrides=given))

    with pytest.raises(
        ContradictionError, match=r"overrides/storageAccounts/properties/allowSharedKeyAccess=True"
    ):
        account_of(provider)
