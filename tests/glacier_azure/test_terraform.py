"""Azure's storage as blocks of Terraform."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from glacier import Provider
from glacier.access import Access
from glacier.config import AwsConfig, AzureConfig, AzureFunctionConfig, BlobConfig, SynapseConfig
from glacier.errors import ConfigError, ContradictionError, TerraformError
from glacier.terraform import Ref
from glacier.terraform.collect import ProviderEstate
from glacier.terraform.document import Document, document_of
from glacier_azure.terraform.blocks import Description
from glacier_azure.terraform.bucket import bucket_blocks
from tests.core.cli_project import invoke, project_in
from tests.rigs.terraform import Terraform
from tests.rigs.terraform_schema import check_document

SECRET = "Z2xhY2llci1henVyZS10ZXJyYWZvcm0tc2VjcmV0LWtleQ=="
CONFIG = AzureConfig(
    resource_group="lakes", location="westeurope", subscription_id="sub", storage_account="acmelake"
)
ARCHIVE = {"tier_to_archive": {"days_after_modification_greater_than": 30}}


@pytest.fixture
def provider() -> Provider:
    """An estate that nobody has to be asked about."""
    return Provider(CONFIG, tags={"team": "data"})


def echo(payload: dict[str, Any]) -> dict[str, Any]:
    return payload


def resources(provider: Provider) -> dict[str, Any]:
    found: dict[str, Any] = check_document(provider.terraform())["resource"]
    return found


def account_of(provider: Provider) -> dict[str, Any]:
    (body,) = resources(provider)["azurerm_storage_account"].values()
    found: dict[str, Any] = body
    return found


def worker_document(provider: Provider, access: Access) -> Document:
    """Return the document of an identity that may do what an access says."""
    estate = ProviderEstate(provider)
    bucket, *_ = provider.get_resources()
    of = Description(estate, bucket)
    identity = of.block("azurerm_user_assigned_identity", "job", {"name": "job", **of.in_group})
    principal = Ref("azurerm_user_assigned_identity", "job", "principal_id")
    containers = [
        block
        for one in provider.get_resources()
        for block in provider.get_adapter(one).blocks(estate)
    ]
    return document_of([*containers, identity, *of.container_roles("job", principal, access)])


def roles_in(document: Document) -> set[tuple[str, str]]:
    found = check_document(document)["resource"].get("azurerm_role_assignment", {})
    return {(one["role_definition_name"], one["scope"]) for one in found.values()}


def test_provider_block_has_subscription_and_directory_and_no_identity() -> None:
    config = AzureConfig(
        resource_group="lakes",
        subscription_id="sub",
        tenant_id="directory",
        storage_account="acmelake",
        account_key=SecretStr(SECRET),
        client_id="deployer",
        client_secret=SecretStr(f"{SECRET}client"),
    )
    provider = Provider(config)
    provider.bucket("lake")

    document = provider.terraform()

    tree = check_document(document)
    assert tree["provider"] == {
        "azurerm": {"features": {}, "subscription_id": "sub", "tenant_id": "directory"}
    }
    assert tree["terraform"] == {
        "required_providers": {
            "azurerm": {"source": "hashicorp/azurerm", "version": ">= 4.55, < 5.0"}
        }
    }
    assert SECRET not in str(document)
    assert "deployer" not in str(document)


@pytest.mark.parametrize(
    ("endpoint", "environment"),
    [
        ("https://management.usgovcloudapi.net/", "usgovernment"),
        ("https://management.chinacloudapi.cn", "china"),
        ("http://127.0.0.1:1", None),
    ],
)
def test_provider_block_names_the_cloud_of_a_management_endpoint(
    endpoint: str, environment: str | None
) -> None:
    provider = Provider(CONFIG.model_copy(update={"management_endpoint": endpoint}))
    provider.bucket("lake")

    block = check_document(provider.terraform())["provider"]["azurerm"]

    assert block.get("environment") == environment


def test_bucket_without_config_has_the_safe_defaults(provider: Provider) -> None:
    provider.bucket("lake", "sales.parquet")

    found = resources(provider)

    assert found == {
        "azurerm_resource_group": {
            "lakes": {"name": "lakes", "location": "westeurope", "tags": {"team": "data"}}
        },
        "azurerm_storage_account": {
            "acmelake": {
                "name": "acmelake",
                "resource_group_name": "${azurerm_resource_group.lakes.name}",
                "location": "westeurope",
                "account_kind": "StorageV2",
                "account_tier": "Standard",
                "account_replication_type": "LRS",
                "is_hns_enabled": False,
                "allow_nested_items_to_be_public": False,
                "blob_properties": {"delete_retention_policy": {"days": 7}},
                "tags": {"team": "data"},
            }
        },
        "azurerm_storage_container": {
            "lake": {
                "name": "lake",
                "storage_account_id": "${azurerm_storage_account.acmelake.id}",
                "container_access_type": "private",
            }
        },
    }


def test_containers_of_an_estate_share_the_account_that_all_of_them_describe(
    provider: Provider,
) -> None:
    provider.bucket("raw", "in/", config=BlobConfig(replication="RA-GZRS"))
    provider.bucket("raw", "out/", config=BlobConfig(container_access="blob"))
    provider.bucket("lake", config=BlobConfig(hierarchical_namespace=True))
    provider.bucket("tmp", config=BlobConfig(soft_delete_retention_days=0))

    found = resources(provider)

    assert (
        account_of(provider).items()
        >= {
            "account_replication_type": "RAGZRS",
            "is_hns_enabled": True,
            "allow_nested_items_to_be_public": True,
        }.items()
    )
    assert account_of(provider)["blob_properties"] == {}
    access = {
        name: one["container_access_type"]
        for name, one in found["azurerm_storage_container"].items()
    }
    assert access == {"raw": "blob", "lake": "private", "tmp": "private"}


def test_lifecycle_rules_have_container_and_path_as_prefix(provider: Provider) -> None:
    tagged = {
        "name": "tagged",
        "enabled": False,
        "prefix": "old-",
        "tags": {"kind": "raw"},
        "base_blob": {
            "tier_to_cool": {"days_after_last_access_time_greater_than": 10},
            "tier_to_cold": {"days_after_creation_greater_than": 20},
            "tier_to_archive": {
                "days_after_modification_greater_than": 30,
                "days_after_last_tier_change_greater_than": 7,
            },
            "delete": {"days_after_modification_greater_than": 365},
            "enable_auto_tier_to_hot_from_cool": True,
        },
        "snapshot": {
            "tier_to_cold": {"days_after_creation_greater_than": 1},
            "delete": {"days_after_creation_greater_than": 90},
        },
        "version": {
            "tier_to_archive": {
                "days_after_creation_greater_than": 2,
                "days_after_last_tier_change_greater_than": 3,
            },
            "delete": {"days_after_creation_greater_than": 4},
        },
    }
    provider.bucket("lake", "raw/", config=BlobConfig(lifecycle_rules=[tagged]))
    archive = {"name": "archive", "base_blob": ARCHIVE}
    provider.bucket("other", "archive/", config=BlobConfig(lifecycle_rules=[archive]))

    policy = resources(provider)["azurerm_storage_management_policy"]["acmelake"]

    assert policy["storage_account_id"] == "${azurerm_storage_account.acmelake.id}"
    assert policy["rule"] == [
        {
            "name": "tagged",
            "enabled": False,
            "filters": {
                "blob_types": ["blockBlob"],
                "prefix_match": ["lake/raw/old-"],
                "match_blob_index_tag": [{"name": "kind", "operation": "==", "value": "raw"}],
            },
            "actions": {
                "base_blob": {
                    "tier_to_cool_after_days_since_last_access_time_greater_than": 10,
                    "auto_tier_to_hot_from_cool_enabled": True,
                    "tier_to_cold_after_days_since_creation_greater_than": 20,
                    "tier_to_archive_after_days_since_modification_greater_than": 30,
                    "tier_to_archive_after_days_since_last_tier_change_greater_than": 7,
                    "delete_after_days_since_modification_greater_than": 365,
                },
                "snapshot": {
                    "tier_to_cold_after_days_since_creation_greater_than": 1,
                    "delete_after_days_since_creation_greater_than": 90,
                },
                "version": {
                    "change_tier_to_archive_after_days_since_creation": 2,
                    "tier_to_archive_after_days_since_last_tier_change_greater_than": 3,
                    "delete_after_days_since_creation": 4,
                },
            },
        },
        {
            "name": "archive",
            "enabled": True,
            "filters": {"blob_types": ["blockBlob"], "prefix_match": ["other/archive/"]},
            "actions": {
                "base_blob": {"tier_to_archive_after_days_since_modification_greater_than": 30}
            },
        },
    ]
    assert account_of(provider)["blob_properties"]["last_access_time_enabled"] is True


def test_encryption_scopes_are_made_and_containers_refer_to_them(provider: Provider) -> None:
    provider.bucket("lake", config=BlobConfig(encryption_scope="secure"))
    provider.bucket("other", config=BlobConfig(encryption_scope="secure"))

    found = resources(provider)

    assert found["azurerm_storage_encryption_scope"] == {
        "secure": {
            "name": "secure",
            "source": "Microsoft.Storage",
            "storage_account_id": "${azurerm_storage_account.acmelake.id}",
        }
    }
    scopes = {
        one["default_encryption_scope"] for one in found["azurerm_storage_container"].values()
    }
    assert scopes == {"${azurerm_storage_encryption_scope.secure.name}"}


def test_overrides_come_last_and_go_where_they_belong(provider: Provider) -> None:
    overrides = {
        "azurerm_storage_account": {
            "account_replication_type": "GRS",
            "blob_properties": {"versioning_enabled": True},
            "account_kind": None,
        },
        "azurerm_storage_container": {"metadata": {"owner": "sales"}},
        "storageAccounts": {"properties": {"minimumTlsVersion": "TLS1_3"}},
    }
    provider.bucket("lake", config=BlobConfig(replication="ZRS", overrides=overrides))

    account, found = account_of(provider), resources(provider)

    assert account["account_replication_type"] == "GRS"
    assert account["blob_properties"] == {
        "delete_retention_policy": {"days": 7},
        "versioning_enabled": True,
    }
    assert "account_kind" not in account
    assert found["azurerm_storage_container"]["lake"]["metadata"] == {"owner": "sales"}
    assert "TLS1_3" not in json.dumps(found)


def test_contradicting_containers_are_an_error_that_names_both_resources(
    provider: Provider,
) -> None:
    provider.bucket("hot", config=BlobConfig(hierarchical_namespace=False))
    provider.bucket("cold", config=BlobConfig(hierarchical_namespace=True))

    with pytest.raises(
        ContradictionError,
        match=r"Bucket\('hot', path=''\) sets hierarchical_namespace=False and "
        r"Bucket\('cold', path=''\) sets hierarchical_namespace=True, and both are of the one "
        "storage account 'acmelake'",
    ):
        provider.terraform()


def test_names_that_labels_can_not_hold_stay_apart(provider: Provider) -> None:
    for name in ("0lake", "$web", "lake-0"):
        provider.bucket(name)

    containers = resources(provider)["azurerm_storage_container"]

    assert {one["name"] for one in containers.values()} == {"0lake", "$web", "lake-0"}
    assert set(containers) == {"_0lake", "_web", "lake-0"}


@pytest.mark.parametrize("name", ["Acme", "acme-lake", "ab", "a" * 25])
def test_account_of_the_environment_that_can_not_be_is_an_error(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", name)
    provider = Provider(AzureConfig(resource_group="lakes"))
    provider.bucket("lake")

    with pytest.raises(
        ConfigError,
        match=rf"No storage account can be called '{name}', which has {len(name)} characters; "
        "expected 3 to 24 lower case letters and digits",
    ):
        provider.terraform()


def test_estate_without_a_storage_account_is_an_error() -> None:
    provider = Provider(AzureConfig(resource_group="lakes"))
    provider.bucket("lake")

    with pytest.raises(ConfigError, match=r"names no storage account.*storage_account="):
        provider.terraform()


def test_secret_in_a_tag_is_an_error_that_names_field_and_block() -> None:
    config = CONFIG.model_copy(update={"account_key": SecretStr(SECRET)})
    provider = Provider(config, tags={"owner": SECRET})
    provider.bucket("lake")

    with pytest.raises(TerraformError) as caught:
        provider.terraform()

    assert "the secret AzureConfig.account_key, in azurerm_" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_roles_are_no_more_than_what_is_touched(provider: Provider) -> None:
    raw, out = provider.bucket("raw", "in/"), provider.bucket("out", "sums.parquet")
    provider.bucket("else")

    document = worker_document(provider, Access(reads=(raw, out), writes=(out,)))

    assert roles_in(document) == {
        ("Storage Blob Data Reader", "${azurerm_storage_container.raw.id}"),
        ("Storage Blob Data Contributor", "${azurerm_storage_container.out.id}"),
    }
    for one in document.tree["resource"]["azurerm_role_assignment"].values():
        assert one["principal_id"] == "${azurerm_user_assigned_identity.job.principal_id}"
        assert one["principal_type"] == "ServicePrincipal"


def test_roles_on_containers_of_other_providers_are_given_by_their_address(
    provider: Provider,
) -> None:
    provider.bucket("raw")
    named = CONFIG.model_copy(update={"storage_account": "partner", "subscription_id": "theirs"})
    unnamed = AzureConfig(resource_group="group", storage_account="acmeother")
    on_s3 = Provider(AwsConfig(region="eu-central-1", account_id="123456789012")).bucket("raw")
    reads = (Provider(named).bucket("raw"), Provider(unnamed).bucket("raw"), on_s3)

    document = worker_document(provider, Access(reads=reads, writes=()))

    container = "blobServices/default/containers/raw"
    storage = "providers/Microsoft.Storage/storageAccounts"
    current = "${data.azurerm_client_config.current.subscription_id}"
    assert {scope for _, scope in roles_in(document)} == {
        f"/subscriptions/theirs/resourceGroups/lakes/{storage}/partner/{container}",
        f"/subscriptions/{current}/resourceGroups/group/{storage}/acmeother/{container}",
    }
    assert set(document.tree["resource"]["azurerm_storage_account"]) == {"acmelake"}


def test_staging_is_a_container_of_the_account(provider: Provider) -> None:
    estate = ProviderEstate(provider)

    found = check_document(document_of(bucket_blocks(estate, estate.staging())))["resource"]

    assert list(found["azurerm_storage_container"]) == ["glacier-staging"]
    assert list(found["azurerm_storage_account"]) == ["acmelake"]


def test_document_is_the_same_every_time(provider: Provider) -> None:
    provider.bucket("lake", "raw/", config=BlobConfig(lifecycle_rules=[{"base_blob": ARCHIVE}]))
    provider.bucket("other", config=BlobConfig(encryption_scope="secure"))

    assert str(provider.terraform()) == str(provider.terraform())
    assert json.loads(str(provider.terraform())) == check_document(provider.terraform())


FLOWS = """
import polars as pl

from glacier import Provider, pipeline, task
from glacier.config import AzureConfig, BlobConfig

provider = Provider(AzureConfig(resource_group="lakes", storage_account="acmelake"))
raw = provider.bucket("raw", "sales.parquet", schema={"n": pl.Int64})
sums = provider.bucket("sums", "all.parquet", config=BlobConfig(replication="GRS"))


@task
def add_up(sales: pl.LazyFrame) -> None:
    sums.write(sales.sum())


@pipeline
def daily() -> None:
    add_up(raw.scan())
"""


def test_command_writes_the_document_of_a_pipeline_on_azure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project_in(tmp_path, monkeypatch) as directory:
        (directory / "lakes.py").write_text(FLOWS)

        result = invoke("terraform", "lakes.py", "-p", "lakes.py:daily", "-o", "infra")

        assert result.exit_code == 0, result.stderr
        tree = json.loads((directory / "infra" / "main.tf.json").read_text())
    assert set(check_document(Document(tree))["resource"]["azurerm_storage_container"]) == {
        "raw",
        "sums",
    }


@pytest.fixture
def full_directory(provider: Provider, tmp_path: Path) -> Path:
    """A written document that has a block of every kind."""
    archive = {"name": "archive", "base_blob": ARCHIVE}
    config = BlobConfig(lifecycle_rules=[archive], encryption_scope="secure")
    provider.bucket("lake", "raw/", config=config, schema={"n": pl.Int64})
    for plan in ("flex_consumption", "premium"):
        own = AzureFunctionConfig(plan=plan)
        provider.serverless(f"echo-{plan.partition('_')[0]}", echo, config=own)
    addresses = {"allowed_addresses": ["203.0.113.7"], "operators": ["someone"]}
    pool = SynapseConfig(workspace="acme-jobs", spark_pool="etl", **addresses)
    provider.executor("etl", config=pool)
    check_document(provider.terraform())
    provider.write_terraform(tmp_path)
    return tmp_path


def test_terraform_loads_what_is_written_and_finds_it_formatted(
    terraform: Terraform, full_directory: Path
) -> None:
    found = terraform.load(full_directory)

    assert found == ["hashicorp/azurerm"]
    terraform.check_format(full_directory)


def test_terraform_validates_what_is_written(
    terraform_azurerm: Terraform, full_directory: Path
) -> None:
    terraform_azurerm.init(full_directory)

    terraform_azurerm.validate(full_directory)
