"""Cloud Functions as blocks of Terraform, that its provider's schema allows."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest

from glacier import Provider
from glacier.config import CloudFunctionConfig, GcpConfig
from glacier.errors import FunctionError, TerraformError
from glacier_gcp.function.request import SETTINGS_LABEL, digest_of, function_request
from glacier_gcp.iam import account_id
from tests.rigs.terraform_schema import check_document

CONFIG = GcpConfig(project="acme", region="europe-west1")
FUNCTION = "google_cloudfunctions2_function"
STAGING = "glacier-staging-acme-europe-west1"
FILE = "${path.module}/functions/scorer.zip"
ACCOUNT = account_id("function", "scorer", "europe-west1")
MEMBER = f"${{google_service_account.{ACCOUNT}.member}}"


@pytest.fixture
def provider() -> Provider:
    """An estate that nobody has to be asked about."""
    return Provider(CONFIG, tags={"team": "data"})


def make(provider: Provider, name: str = "scorer", **config: Any) -> None:
    """Have a function among the provider's resources."""
    provider.serverless(name, "json:loads", "python3.12", CloudFunctionConfig(**config))


def resources(provider: Provider) -> dict[str, Any]:
    """Return the blocks of a document that the schema allows."""
    found: dict[str, Any] = check_document(provider.terraform())["resource"]
    return found


def test_function_is_what_deploy_asks_for(provider: Provider) -> None:
    make(
        provider,
        memory_mb=2048,
        cpu=2,
        timeout_seconds=90,
        min_instances=1,
        max_instances=5,
        concurrency=4,
        ingress="internal",
        vpc_connector="projects/acme/locations/europe-west1/connectors/c",
        environment={"MODE": "${literal}"},
    )

    found = resources(provider)

    function = found[FUNCTION]["scorer"]
    (request,) = (function_request(one) for one in provider.get_resources())  # type: ignore[arg-type]
    assert function == {
        "name": "scorer",
        "location": "europe-west1",
        "labels": {
            "team": "data",
            "glacier-package": f'${{substr(filesha256("{FILE}"), 0, 40)}}',
            "glacier-settings": request["labels"][SETTINGS_LABEL],
        },
        "build_config": {
            "runtime": "python312",
            "entry_point": "call",
            "source": {
                "storage_source": {
                    "bucket": "${google_storage_bucket_object.function_scorer.bucket}",
                    "object": "${google_storage_bucket_object.function_scorer.name}",
                }
            },
        },
        "service_config": {
            "all_traffic_on_latest_revision": True,
            "available_cpu": "2",
            "available_memory": "2048M",
            "environment_variables": {
                "GOOGLE_CLOUD_PROJECT": "acme",
                "GOOGLE_CLOUD_REGION": "europe-west1",
                "MODE": "$${literal}",
            },
            "ingress_settings": "ALLOW_INTERNAL_ONLY",
            "max_instance_count": 5,
            "max_instance_request_concurrency": 4,
            "min_instance_count": 1,
            "service_account_email": f"${{google_service_account.{ACCOUNT}.email}}",
            "timeout_seconds": 90,
            "vpc_connector": "projects/acme/locations/europe-west1/connectors/c",
            "vpc_connector_egress_settings": "PRIVATE_RANGES_ONLY",
        },
    }
    assert not {"google_cloud_run_v2_service_iam_member", "google_cloud_scheduler_job"} & set(found)


def test_code_lies_in_staging_under_another_name_whenever_it_changes(
    provider: Provider, tmp_path: Path
) -> None:
    make(provider)

    found = resources(provider)
    provider.write_terraform(tmp_path)

    assert found["google_storage_bucket_object"]["function_scorer"] == {
        "bucket": f"${{google_storage_bucket.{STAGING}.name}}",
        "name": f'functions/${{filesha256("{FILE}")}}.zip',
        "source": FILE,
    }
    package = (tmp_path / "functions" / "scorer.zip").read_bytes()
    (function,) = provider.get_resources()
    own = function.package()  # type: ignore[attr-defined]
    assert package == own.read_bytes()
    shutil.rmtree(own.parent)
    assert digest_of(package) == hashlib.sha256(package).hexdigest()[:40]


def test_account_may_touch_the_declared_buckets_and_the_document_says_that_it_is_wide(
    provider: Provider,
) -> None:
    provider.bucket("lake", "sales/")
    make(provider)

    document = provider.terraform()

    found = check_document(document)["resource"]
    members = found["google_storage_bucket_iam_member"].values()
    assert {(one["role"], one["condition"]["expression"]) for one in members} == {
        (
            "roles/storage.objectUser",
            'resource.name.startsWith("projects/_/buckets/lake/objects/sales/")',
        ),
        ("roles/storage.objectUser", 'resource.name == "projects/_/buckets/lake"'),
    }
    assert {one["member"] for one in members} == {MEMBER}
    (note,) = document.notes
    assert note.startswith("Serverless('scorer'): it may read and write all declared buckets")
    assert all("what its handler does with them is not known" in one["//"] for one in members)


def test_schedule_calls_the_function_as_its_account(provider: Provider) -> None:
    make(provider, schedule="0 6 * * *", timeout_seconds=120)

    found = resources(provider)

    (invoker,) = found["google_cloud_run_v2_service_iam_member"]
    assert found["google_cloud_run_v2_service_iam_member"][invoker] == {
        "location": f"${{{FUNCTION}.scorer.location}}",
        "name": f"${{{FUNCTION}.scorer.name}}",
        "role": "roles/run.invoker",
        "member": MEMBER,
    }
    uri = f"${{{FUNCTION}.scorer.service_config[0].uri}}"
    assert found["google_cloud_scheduler_job"]["scorer"] == {
        "name": "glacier-scorer",
        "region": "europe-west1",
        "description": "Calls the function scorer.",
        "schedule": "0 6 * * *",
        "time_zone": "Etc/UTC",
        "attempt_deadline": "120s",
        "http_target": {
            "uri": uri,
            "http_method": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": "e30=",
            "oidc_token": {
                "service_account_email": f"${{google_service_account.{ACCOUNT}.email}}",
                "audience": uri,
            },
        },
        "depends_on": [f"google_cloud_run_v2_service_iam_member.{invoker}"],
    }


def test_invokers_may_call_the_function(provider: Provider) -> None:
    make(provider, invokers=["group:team@example.com", "user:ana@example.com"])

    found = resources(provider)["google_cloud_run_v2_service_iam_member"]

    members = {one["member"] for one in found.values()}
    assert members == {"group:team@example.com", "user:ana@example.com"}


def test_account_of_the_config_is_used_and_gets_no_roles(provider: Provider) -> None:
    provider.bucket("lake")
    own = "own@acme.iam.gserviceaccount.com"
    make(provider, service_account=own, schedule="0 6 * * *")

    document = provider.terraform()

    found = check_document(document)["resource"]
    assert found[FUNCTION]["scorer"]["service_config"]["service_account_email"] == own
    (member,) = found["google_cloud_run_v2_service_iam_member"].values()
    assert member["member"] == f"serviceAccount:{own}"
    target = found["google_cloud_scheduler_job"]["scorer"]["http_target"]
    assert target["oidc_token"]["service_account_email"] == own
    assert not {"google_service_account", "google_storage_bucket_iam_member"} & set(found)
    assert document.notes == ()


def test_overrides_are_merged_last(provider: Provider) -> None:
    overrides = {
        "functions": {"serviceConfig": {"timeoutSeconds": 61, "securityLevel": "SECURE_ALWAYS"}},
        FUNCTION: {
            "description": "scores",
            "build_config": {"service_account": "projects/acme/serviceAccounts/builder"},
        },
        "google_cloud_scheduler_job": {"retry_config": {"retry_count": 3}},
        "jobs": {"timeZone": "Europe/Vienna"},
    }
    make(provider, overrides=overrides, schedule="0 6 * * *")

    found = resources(provider)

    function, job = found[FUNCTION]["scorer"], found["google_cloud_scheduler_job"]["scorer"]
    assert function["description"] == "scores"
    assert function["build_config"]["service_account"] == "projects/acme/serviceAccounts/builder"
    assert function["build_config"]["runtime"] == "python312"
    assert function["service_config"]["timeout_seconds"] == 61
    assert job["retry_config"] == {"retry_count": 3}
    assert job["time_zone"] == "Europe/Vienna"


def test_runtime_that_google_does_not_have_is_refused(provider: Provider) -> None:
    provider.serverless("scorer", "json:loads", "python3.10")

    with pytest.raises(FunctionError, match=r"asks for the runtime 'python3\.10'"):
        provider.terraform()


def test_two_functions_of_one_name_and_two_handlers_are_refused(
    provider: Provider, tmp_path: Path
) -> None:
    make(provider)
    provider.serverless("scorer", "json:dumps", "python3.12", CloudFunctionConfig())

    with pytest.raises(TerraformError, match=r"describe the file functions/scorer\.zip, and diff"):
        provider.write_terraform(tmp_path)
