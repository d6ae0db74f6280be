"""Cloud Storage's buckets, accounts and roles as blocks of Terraform."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from pydantic import SecretStr

from glacier import Provider
from glacier.access import Access
from glacier.config import AwsConfig, CloudFunctionConfig, DataprocConfig, GcpConfig, GcsConfig
from glacier.errors import ContradictionError, TerraformError
from glacier.terraform.collect import ProviderEstate
from glacier.terraform.document import Document, document_of
from glacier_gcp.terraform.blocks import Description
from glacier_gcp.terraform.bucket import bucket_blocks
from tests.core.cli_project import invoke, project_in
from tests.rigs.terraform import Terraform
from tests.rigs.terraform_schema import check_document

SECRET = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjGlacierTerraformSecret"
KEY = json.dumps({"type": "service_account", "private_key": SECRET})
CONFIG = GcpConfig(project="acme", region="europe-west1")
KMS_KEY = "projects/acme/locations/europe-west1/keyRings/lakes/cryptoKeys/lake"
MEMBER = "${google_service_account.worker.member}"


@pytest.fixture
def provider() -> Provider:
    """An estate that nobody has to be asked about."""
    return Provider(CONFIG, tags={"Team": "data"})


def resources(provider: Provider) -> dict[str, Any]:
    found: dict[str, Any] = check_document(provider.terraform())["resource"]
    return found


def bucket_of(provider: Provider) -> dict[str, Any]:
    (body,) = resources(provider)["google_storage_bucket"].values()
    found: dict[str, Any] = body
    return found


def worker_document(provider: Provider, access: Access) -> Document:
    """Return the document of an account that may do what an access says."""
    estate = ProviderEstate(provider)
    bucket, *_ = provider.get_resources()
    of = Description(estate, bucket)
    buckets = [
        block
        for one in provider.get_resources()
        for block in provider.get_adapter(one).blocks(estate)
    ]
    return document_of([*buckets, *of.account("worker", access, "a worker")])


def roles_in(document: Document) -> set[tuple[str, str, str]]:
    """Return the bucket, the role and the condition of every member of a bucket's policy."""
    found = check_document(document)["resource"].get("google_storage_bucket_iam_member", {})
    assert {one["member"] for one in found.values()} <= {MEMBER}
    return {
        (one["bucket"], one["role"], one.get("condition", {}).get("expression", ""))
        for one in found.values()
    }


def test_provider_block_has_project_and_region_and_no_key() -> None:
    config = GcpConfig(
        project="acme",
        region="europe-west1",
        zone="europe-west1-b",
        service_account_key=SecretStr(KEY),
        impersonate_service_account="deployer@acme.iam.gserviceaccount.com",
    )
    provider = Provider(config)
    provider.bucket("lake")

    document = provider.terraform()

    tree = check_document(document)
    assert tree["provider"]["google"] == {
        "project": "acme",
        "region": "europe-west1",
        "zone": "europe-west1-b",
        "impersonate_service_account": "deployer@acme.iam.gserviceaccount.com",
    }
    assert tree["terraform"] == {
        "required_providers": {
            "google": {"source": "hashicorp/google", "version": ">= 6.50, < 8.0"}
        }
    }
    assert SECRET not in str(document)


def test_provider_block_sends_every_service_to_an_endpoint() -> None:
    provider = Provider(CONFIG.model_copy(update={"endpoint": "http://127.0.0.1:1"}))
    provider.bucket("lake")

    block = check_document(provider.terraform())["provider"]["google"]

    assert block["storage_custom_endpoint"] == "http://127.0.0.1:1/storage/v1/"
    assert block["cloudfunctions2_custom_endpoint"] == "http://127.0.0.1:1/v2/"
    assert block["dataproc_custom_endpoint"] == "http://127.0.0.1:1/v1/"
    assert block["iam_custom_endpoint"] == "http://127.0.0.1:1/v1/"


def test_bucket_without_config_has_the_safe_defaults(provider: Provider) -> None:
    provider.bucket("lake", "sales.parquet")

    tree = check_document(provider.terraform())

    assert tree["resource"] == {
        "google_storage_bucket": {
            "lake": {
                "name": "lake",
                "location": "europe-west1",
                "storage_class": "STANDARD",
                "versioning": {"enabled": False},
                "uniform_bucket_level_access": True,
                "public_access_prevention": "enforced",
                "labels": {"team": "data"},
            }
        }
    }
    assert tree["output"] == {"bucket_lake": {"value": "${google_storage_bucket.lake.url}"}}


def test_bucket_has_everything_that_is_set(provider: Provider) -> None:
    config = GcsConfig(
        storage_class="NEARLINE",
        versioning=True,
        uniform_bucket_level_access=False,
        public_access_prevention="inherited",
        retention_seconds=3600,
        soft_delete_retention_days=30,
        cors=[
            {"origin": ["https://a.example"], "method": ["GET"], "response_header": ["ETag"]},
            {"origin": ["*"], "method": ["HEAD"], "max_age_seconds": 60},
        ],
    )
    provider.bucket("lake", config=config)

    bucket = bucket_of(provider)

    assert bucket == {
        "name": "lake",
        "location": "europe-west1",
        "storage_class": "NEARLINE",
        "versioning": {"enabled": True},
        "uniform_bucket_level_access": False,
        "public_access_prevention": "inherited",
        "retention_policy": {"retention_period": 3600},
        "soft_delete_policy": {"retention_duration_seconds": 2_592_000},
        "cors": [
            {"origin": ["https://a.example"], "method": ["GET"], "response_header": ["ETag"]},
            {"origin": ["*"], "method": ["HEAD"], "max_age_seconds": 60},
        ],
        "labels": {"team": "data"},
    }


def test_lifecycle_rules_have_the_path_as_prefix(provider: Provider) -> None:
    moved = {
        "action": {"type": "SetStorageClass", "storage_class": "COLDLINE"},
        "condition": {
            "age": 30,
            "created_before": "2030-01-31",
            "matches_prefix": ["old-"],
            "matches_suffix": [".csv"],
            "matches_storage_class": ["STANDARD"],
            "is_live": True,
        },
    }
    former = {
        "action": {"type": "Delete"},
        "condition": {
            "num_newer_versions": 3,
            "days_since_noncurrent_time": 0,
            "noncurrent_time_before": "2029-01-31",
            "is_live": False,
        },
    }
    custom = {
        "action": {"type": "Delete"},
        "condition": {"days_since_custom_time": 5, "custom_time_before": "2031-01-31", "age": 0},
    }
    uploads = {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}}
    provider.bucket("lake", "raw/", config=GcsConfig(lifecycle_rules=[moved, former]))
    provider.bucket("lake", config=GcsConfig(lifecycle_rules=[custom, uploads]))

    rules = bucket_of(provider)["lifecycle_rule"]

    assert rules == [
        {
            "action": {"type": "SetStorageClass", "storage_class": "COLDLINE"},
            "condition": {
                "age": 30,
                "created_before": "2030-01-31",
                "matches_prefix": ["raw/old-"],
                "matches_suffix": [".csv"],
                "matches_storage_class": ["STANDARD"],
                "with_state": "LIVE",
            },
        },
        {
            "action": {"type": "Delete"},
            "condition": {
                "num_newer_versions": 3,
                "days_since_noncurrent_time": 0,
                "send_days_since_noncurrent_time_if_zero": True,
                "noncurrent_time_before": "2029-01-31",
                "send_age_if_zero": False,
                "matches_prefix": ["raw/"],
                "with_state": "ARCHIVED",
            },
        },
        {
            "action": {"type": "Delete"},
            "condition": {
                "age": 0,
                "send_age_if_zero": True,
                "days_since_custom_time": 5,
                "custom_time_before": "2031-01-31",
            },
        },
        {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}},
    ]


def test_key_may_be_used_by_cloud_storage_before_the_bucket_needs_it(provider: Provider) -> None:
    for name in ("lake", "other"):
        provider.bucket(name, config=GcsConfig(kms_key_name=KMS_KEY))

    tree = check_document(provider.terraform())

    (label,) = tree["resource"]["google_kms_crypto_key_iam_member"]
    assert tree["resource"]["google_kms_crypto_key_iam_member"][label] == {
        "crypto_key_id": KMS_KEY,
        "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        "member": "${data.google_storage_project_service_account.acme.member}",
    }
    for bucket in tree["resource"]["google_storage_bucket"].values():
        assert bucket["encryption"] == {"default_kms_key_name": KMS_KEY}
        assert bucket["depends_on"] == [f"google_kms_crypto_key_iam_member.{label}"]


def test_overrides_come_last_and_go_where_they_belong(provider: Provider) -> None:
    overrides = {
        "google_storage_bucket": {
            "force_destroy": True,
            "location": "EU",
            "storage_class": None,
            "versioning": {"enabled": True},
        },
        "buckets": {"rpo": "ASYNC_TURBO"},
    }
    provider.bucket("lake", config=GcsConfig(overrides=overrides))

    bucket = bucket_of(provider)

    assert (bucket["force_destroy"], bucket["location"]) == (True, "EU")
    assert bucket["versioning"] == {"enabled": True}
    assert "storage_class" not in bucket
    assert "ASYNC_TURBO" not in str(provider.terraform())


def test_contradicting_buckets_are_an_error_that_names_both_resources(provider: Provider) -> None:
    provider.bucket("lake", "hot/", config=GcsConfig(versioning=False))
    provider.bucket("lake", "cold/", config=GcsConfig(versioning=True))

    with pytest.raises(
        ContradictionError,
        match=r"Bucket\('lake', path='hot/'\) sets versioning=False and "
        r"Bucket\('lake', path='cold/'\) sets versioning=True, and both are of the one bucket",
    ):
        provider.terraform()


def test_names_that_labels_can_not_hold_stay_apart(provider: Provider) -> None:
    for name in ("0lake", "acme.example.com", "acme-example-com"):
        provider.bucket(name)

    buckets = resources(provider)["google_storage_bucket"]

    assert {one["name"] for one in buckets.values()} == {
        "0lake",
        "acme.example.com",
        "acme-example-com",
    }


def test_secret_in_a_tag_is_an_error_that_names_field_and_block() -> None:
    secret = "glacier-terraform-secret-of-an-account"
    key = json.dumps({"type": "service_account", "private_key": secret})
    config = CONFIG.model_copy(update={"service_account_key": SecretStr(key)})
    provider = Provider(config)
    provider.bucket("lake", config=GcsConfig(overrides={"google_storage_bucket": {"rpo": key}}))

    with pytest.raises(TerraformError) as caught:
        provider.terraform()

    assert "the secret GcpConfig.service_account_key, in google_storage_bucket.lake.rpo" in (
        str(caught.value)
    )
    assert secret not in str(caught.value)


def test_roles_are_no_more_than_what_is_touched(provider: Provider) -> None:
    raw, out = provider.bucket("raw", "in/"), provider.bucket("out", "sums.parquet")
    provider.bucket("else")

    document = worker_document(provider, Access(reads=(raw, out), writes=(out,)))

    raw_ref, out_ref = (f"${{google_storage_bucket.{name}.name}}" for name in ("raw", "out"))
    read, write = "roles/storage.objectViewer", "roles/storage.objectUser"
    assert roles_in(document) == {
        (raw_ref, read, 'resource.name.startsWith("projects/_/buckets/raw/objects/in/")'),
        (raw_ref, read, 'resource.name == "projects/_/buckets/raw"'),
        (out_ref, write, 'resource.name == "projects/_/buckets/out/objects/sums.parquet"'),
        (out_ref, write, 'resource.name == "projects/_/buckets/out"'),
    }
    assert document.tree["resource"]["google_service_account"] == {
        "worker": {
            "account_id": "worker",
            "display_name": "a worker",
            "description": "Made by Terraform from Glacier's configs.",
        }
    }


def test_bucket_with_lists_of_its_objects_takes_no_conditions(provider: Provider) -> None:
    config = GcsConfig(uniform_bucket_level_access=False)
    raw, out = provider.bucket("lake", "raw/", config=config), provider.bucket("lake", "out/")
    other = provider.bucket("other", "raw/", config=config)

    document = worker_document(provider, Access(reads=(raw, other), writes=(out,)))

    assert roles_in(document) == {
        ("${google_storage_bucket.lake.name}", "roles/storage.objectUser", ""),
        ("${google_storage_bucket.other.name}", "roles/storage.objectViewer", ""),
    }


def test_roles_on_buckets_of_other_providers_are_given_by_their_names(provider: Provider) -> None:
    provider.bucket("raw")
    theirs = Provider(GcpConfig(project="partner")).bucket("partner-raw")
    on_s3 = Provider(AwsConfig(region="eu-central-1", account_id="123456789012")).bucket("raw")

    document = worker_document(provider, Access(reads=(theirs, on_s3), writes=()))

    assert roles_in(document) == {("partner-raw", "roles/storage.objectViewer", "")}
    assert set(document.tree["resource"]["google_storage_bucket"]) == {"raw"}


def test_staging_is_a_bucket_of_project_and_region(provider: Provider) -> None:
    estate = ProviderEstate(provider)

    found = check_document(document_of(bucket_blocks(estate, estate.staging())))["resource"]

    assert list(found["google_storage_bucket"]) == ["glacier-staging-acme-europe-west1"]


def test_document_is_the_same_every_time(provider: Provider) -> None:
    rule = {"action": {"type": "Delete"}, "condition": {"age": 3}}
    provider.bucket("lake", "raw/", config=GcsConfig(lifecycle_rules=[rule]))
    provider.bucket("other", config=GcsConfig(kms_key_name=KMS_KEY))

    assert str(provider.terraform()) == str(provider.terraform())
    assert json.loads(str(provider.terraform())) == check_document(provider.terraform())


FLOWS = """
import polars as pl

from glacier import Provider, pipeline, task
from glacier.config import GcpConfig, GcsConfig

provider = Provider(GcpConfig(project="acme"))
raw = provider.bucket("raw", "sales.parquet", schema={"n": pl.Int64})
sums = provider.bucket("sums", "all.parquet", config=GcsConfig(versioning=True))


@task
def add_up(sales: pl.LazyFrame) -> None:
    sums.write(sales.sum())


@pipeline
def daily() -> None:
    add_up(raw.scan())
"""


def test_command_writes_the_document_of_a_pipeline_on_google_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with project_in(tmp_path, monkeypatch) as directory:
        (directory / "lakes.py").write_text(FLOWS)

        result = invoke("terraform", "lakes.py", "-p", "lakes.py:daily", "-o", "infra")

        assert result.exit_code == 0, result.stderr
        tree = json.loads((directory / "infra" / "main.tf.json").read_text())
    assert set(check_document(Document(tree))["resource"]["google_storage_bucket"]) == {
        "raw",
        "sums",
    }


@pytest.fixture
def full_directory(provider: Provider, tmp_path: Path) -> Path:
    """A written document that has a block of every kind."""
    rule = {"action": {"type": "Delete"}, "condition": {"age": 0, "num_newer_versions": 3}}
    config = GcsConfig(lifecycle_rules=[rule], kms_key_name=KMS_KEY, retention_seconds=60)
    provider.bucket("lake", "raw/", config=config, schema={"n": pl.Int64})
    nightly = CloudFunctionConfig(schedule="0 6 * * *", invokers=["group:team@example.com"])
    provider.serverless("nightly", "json:loads", config=nightly)
    provider.executor("etl", config=DataprocConfig(idle_minutes=30))
    provider.executor("batches", config=DataprocConfig(serverless=True))
    check_document(provider.terraform())
    provider.write_terraform(tmp_path)
    return tmp_path


def test_terraform_loads_what_is_written_and_finds_it_formatted(
    terraform: Terraform, full_directory: Path
) -> None:
    found = terraform.load(full_directory)

    assert found == ["hashicorp/google"]
    terraform.check_format(full_directory)


def test_terraform_validates_what_is_written(
    terraform_google: Terraform, full_directory: Path
) -> None:
    terraform_google.init(full_directory)

    terraform_google.validate(full_directory)
