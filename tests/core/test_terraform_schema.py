"""The check of documents against providers' schemas finds what is wrong with them."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from glacier.terraform.document import Document
from tests.rigs.terraform_schema import check_document, facts, problems_of

Tree = dict[str, Any]

BUCKET = {"bucket": "lake", "tags": {"team": "data"}, "force_destroy": False}
DOCUMENT: Tree = {
    "//": ["Made for this test."],
    "terraform": {
        "required_providers": {
            "aws": {"source": "hashicorp/aws", "version": ">= 5.100"},
            "azurerm": {"source": "hashicorp/azurerm", "version": ">= 4.55"},
        }
    },
    "provider": {
        "aws": [{"region": "eu-central-1"}, {"region": "us-east-1", "alias": "west"}],
        "azurerm": {"features": {}},
    },
    "data": {"aws_iam_policy_document": {"any": {"statement": [{"actions": ["s3:GetObject"]}]}}},
    "resource": {
        "aws_s3_bucket": {"lake": BUCKET, "other": {**BUCKET, "provider": "aws.west"}},
        "aws_s3_bucket_lifecycle_configuration": {
            "lake": {
                "bucket": "${aws_s3_bucket.lake.id}",
                "rule": [{"id": "old", "status": "Enabled", "expiration": {"days": 3}}],
                "depends_on": ["aws_s3_bucket.lake"],
            }
        },
        "aws_iam_role": {"job": {"assume_role_policy": "${data.aws_iam_policy_document.any.json}"}},
        "aws_s3_object": {
            "code": {
                "bucket": "${aws_s3_bucket.lake.bucket}",
                "key": 'code/${filesha256("${path.module}/x.zip")}.zip',
                "content": "$${aws_s3_bucket.nothing.id}",
            }
        },
        "azurerm_resource_group": {"estate": {"name": "estate", "location": "eastus"}},
        "azurerm_storage_account": {
            "acme": {
                "name": "acme",
                "resource_group_name": "${azurerm_resource_group.estate.name}",
                "location": "eastus",
                "account_tier": "Standard",
                "account_replication_type": "LRS",
                "identity": {"type": "SystemAssigned"},
                "blob_properties": {"delete_retention_policy": {"days": 7}},
            }
        },
        "azurerm_role_assignment": {
            "job": {
                "scope": "${azurerm_storage_account.acme.id}",
                "principal_id": "${azurerm_storage_account.acme.identity[0].principal_id}",
            }
        },
    },
    "output": {"lake": {"value": "${aws_s3_bucket.lake.arn}"}},
}


def resource(tree: Tree, kind: str) -> Tree:
    """Return the body of the first resource of a type."""
    body: Tree = next(iter(tree["resource"][kind].values()))
    return body


def account(tree: Tree) -> Tree:
    return resource(tree, "azurerm_storage_account")


def changed(change: Callable[[Tree], object]) -> Tree:
    tree = copy.deepcopy(DOCUMENT)
    change(tree)
    return tree


def test_facts_name_their_providers_versions() -> None:
    assert {one["provider"]: one["version"] for one in facts().values()} == {
        "databricks/databricks": "1.99.0",
        "hashicorp/aws": "5.100.0",
        "hashicorp/azurerm": "4.55.0",
        "hashicorp/google": "6.50.0",
    }


def test_document_without_a_fault_passes() -> None:
    assert check_document(Document(DOCUMENT)) == DOCUMENT


def test_check_fails_with_every_problem() -> None:
    tree = changed(lambda tree: [account(tree).pop("location"), account(tree).pop("name")])

    with pytest.raises(AssertionError, match=r"(?s)acme\.location: required.*acme\.name: required"):
        check_document(Document(tree))


MUTATIONS: dict[str, tuple[Callable[[Tree], object], str, str]] = {
    "unknown type": (
        lambda tree: tree["resource"].update(azurerm_bucket={"lake": {}}),
        "azurerm_bucket.lake",
        "no such type is known",
    ),
    "unknown attribute": (
        lambda tree: account(tree).update(replication="LRS"),
        "azurerm_storage_account.acme.replication",
        "no such argument",
    ),
    "attribute missing": (
        lambda tree: account(tree).pop("account_tier"),
        "azurerm_storage_account.acme.account_tier",
        "required, and missing",
    ),
    "attribute of a nested block missing": (
        lambda tree: account(tree)["identity"].pop("type"),
        "azurerm_storage_account.acme.identity.type",
        "required, and missing",
    ),
    "read-only attribute": (
        lambda tree: account(tree).update(primary_access_key="x"),
        "azurerm_storage_account.acme.primary_access_key",
        "only the provider may set it",
    ),
    "id of a resource": (
        lambda tree: account(tree).update(id="x"),
        "azurerm_storage_account.acme.id",
        "only the provider may set it",
    ),
    "text for a number": (
        lambda tree: account(tree)["blob_properties"]["delete_retention_policy"].update(days="7d"),
        "azurerm_storage_account.acme.blob_properties.delete_retention_policy.days",
        "expected a number, got str '7d'",
    ),
    "text for a boolean": (
        lambda tree: account(tree).update(is_hns_enabled="yes"),
        "azurerm_storage_account.acme.is_hns_enabled",
        "expected a bool, got str 'yes'",
    ),
    "list for a text": (
        lambda tree: account(tree).update(account_tier=["Standard"]),
        "azurerm_storage_account.acme.account_tier",
        "expected a string, got list ['Standard']",
    ),
    "list for a map": (
        lambda tree: account(tree).update(tags=["data"]),
        "azurerm_storage_account.acme.tags",
        "expected a map, got list",
    ),
    "text for a list": (
        lambda tree: tree["data"]["aws_iam_policy_document"]["any"]["statement"][0].update(
            actions="s3:GetObject"
        ),
        "data.aws_iam_policy_document.any.statement.actions",
        "expected a set, got str",
    ),
    "text for a block": (
        lambda tree: account(tree).update(blob_properties="soft"),
        "azurerm_storage_account.acme.blob_properties",
        "expected a block, got str",
    ),
    "block at the wrong level": (
        lambda tree: account(tree).update(delete_retention_policy={"days": 7}),
        "azurerm_storage_account.acme.delete_retention_policy",
        "no such argument",
    ),
    "two blocks where one may be": (
        lambda tree: account(tree).update(blob_properties=[{}, {}]),
        "azurerm_storage_account.acme.blob_properties",
        "expected 1 at most, got 2",
    ),
    "required block missing": (
        lambda tree: resource(tree, "aws_s3_bucket_lifecycle_configuration").update(
            rule=[{"id": "old", "status": "Enabled", "transition": {"days": 3}}]
        ),
        "aws_s3_bucket_lifecycle_configuration.lake.rule.transition.storage_class",
        "required, and missing",
    ),
    "reference to nothing": (
        lambda tree: account(tree).update(
            resource_group_name="${azurerm_resource_group.other.name}"
        ),
        "resource.azurerm_storage_account.acme.resource_group_name",
        "nothing is called azurerm_resource_group.other",
    ),
    "reference to a data source that is a resource": (
        lambda tree: tree["output"]["lake"].update(value="${data.aws_s3_bucket.lake.arn}"),
        "output.lake.value",
        "nothing is called aws_s3_bucket.lake",
    ),
    "reference to no attribute": (
        lambda tree: tree["output"]["lake"].update(value="${aws_s3_bucket.lake.address}"),
        "output.lake.value",
        "aws_s3_bucket has no address",
    ),
    "reference to no attribute of a nested block": (
        lambda tree: resource(tree, "azurerm_role_assignment").update(
            principal_id="${azurerm_storage_account.acme.identity[0].principal}"
        ),
        "resource.azurerm_role_assignment.job.principal_id",
        "azurerm_storage_account has no identity.principal",
    ),
    "reference within a call": (
        lambda tree: resource(tree, "aws_s3_object").update(
            key='${filesha256("${aws_s3_bucket.gone.id}.zip")}'
        ),
        "resource.aws_s3_object.code.key",
        "nothing is called aws_s3_bucket.gone",
    ),
    "dependency on nothing": (
        lambda tree: resource(tree, "aws_s3_bucket_lifecycle_configuration").update(
            depends_on=["aws_s3_bucket.gone"]
        ),
        "resource.aws_s3_bucket_lifecycle_configuration.lake.depends_on",
        "nothing is called aws_s3_bucket.gone",
    ),
    "dependency as an expression": (
        lambda tree: resource(tree, "aws_s3_bucket_lifecycle_configuration").update(
            depends_on=["${aws_s3_bucket.lake}"]
        ),
        "aws_s3_bucket_lifecycle_configuration.lake.depends_on",
        "expected a list of addresses without ${}, got ['${aws_s3_bucket.lake}']",
    ),
    "dependency that is no list": (
        lambda tree: resource(tree, "aws_s3_bucket_lifecycle_configuration").update(depends_on=7),
        "aws_s3_bucket_lifecycle_configuration.lake.depends_on",
        "expected a list of addresses without ${}, got 7",
    ),
    "illegal name": (
        lambda tree: tree["resource"]["azurerm_resource_group"].update(
            {"my group": {"name": "a", "location": "b"}}
        ),
        "azurerm_resource_group.my group",
        "not a legal name",
    ),
    "argument of the provider": (
        lambda tree: tree["provider"]["azurerm"].update(region="eastus"),
        "provider.azurerm.region",
        "no such argument",
    ),
    "provider that nobody requires": (
        lambda tree: tree["terraform"]["required_providers"].pop("azurerm"),
        "terraform.required_providers.azurerm",
        "missing",
    ),
    "provider of somebody else": (
        lambda tree: tree["terraform"]["required_providers"]["aws"].update(source="acme/aws"),
        "terraform.required_providers.aws",
        "acme/aws is not known",
    ),
    "alias of no provider": (
        lambda tree: resource(tree, "aws_s3_bucket").update(provider="aws.east"),
        "aws_s3_bucket.lake.provider",
        "no provider is called aws.east",
    ),
    "block at the top": (
        lambda tree: tree.update(resources={}),
        "resources",
        "no such block at the top of a document",
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_mutated_document_is_found_out(name: str) -> None:
    mutate, where, what = MUTATIONS[name]

    assert f"{where}: {what}" in problems_of(changed(mutate))


def test_required_nested_block_is_missed() -> None:
    policy = {
        "storage_account_id": "${azurerm_storage_account.acme.id}",
        "rule": [{"name": "old", "enabled": True, "filters": {"blob_types": ["blockBlob"]}}],
    }
    tree = changed(
        lambda tree: tree["resource"].update(azurerm_storage_management_policy={"acme": policy})
    )

    assert problems_of(tree) == [
        "azurerm_storage_management_policy.acme.rule.actions: expected 1 or more, got 0"
    ]
