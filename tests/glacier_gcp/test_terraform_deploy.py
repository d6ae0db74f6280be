"""What a document describes is what `deploy()` makes: two ways to one estate."""

import hashlib
import shutil
from typing import Any
from uuid import uuid4

from google.cloud.functions_v2 import Function

from glacier import Provider
from glacier.config import CloudFunctionConfig, GcsConfig
from glacier_gcp.function.request import account_of, job_name
from glacier_gcp.http import send
from glacier_gcp.session import session_of
from tests.glacier_gcp.functions import found, scheduler
from tests.projects import Project
from tests.rigs.gcp.server import GcpServer
from tests.rigs.terraform_schema import check_document

TAGS = {"Team": "data"}


def resources(provider: Provider) -> dict[str, Any]:
    tree: dict[str, Any] = check_document(provider.terraform())["resource"]
    return tree


def one_of(blocks: dict[str, Any], kind: str) -> dict[str, Any]:
    (body,) = blocks[kind].values()
    result: dict[str, Any] = body
    return result


def test_bucket(gcp_server: GcpServer) -> None:
    name = f"estate-{uuid4().hex[:12]}"
    rules: list[dict[str, Any]] = [
        {"action": {"type": "Delete"}, "condition": {"num_newer_versions": 2, "is_live": False}},
        {
            "action": {"type": "SetStorageClass", "storage_class": "ARCHIVE"},
            "condition": {"age": 30, "created_before": "2030-01-31", "matches_suffix": [".csv"]},
        },
    ]
    config = GcsConfig(
        storage_class="COLDLINE",
        versioning=True,
        lifecycle_rules=rules,
        retention_seconds=60,
        soft_delete_retention_days=10,
        cors=[{"origin": ["*"], "method": ["GET"], "max_age_seconds": 5}],
    )
    provider = Provider(gcp_server.config(), TAGS)
    bucket = provider.bucket(name, "raw/", config=config)

    bucket.deploy()

    block = one_of(resources(provider), "google_storage_bucket")
    place = f"{gcp_server.endpoint}/storage/v1/b/{name}"
    made = send(session_of(gcp_server.config()), "GET", place).json()
    access = made["iamConfiguration"]
    assert made["location"].lower() == block["location"]
    assert made["storageClass"] == block["storage_class"]
    assert made["versioning"] == block["versioning"]
    assert made["labels"] == block["labels"]
    assert access["publicAccessPrevention"] == block["public_access_prevention"]
    assert access["uniformBucketLevelAccess"]["enabled"] == block["uniform_bucket_level_access"]
    assert int(made["retentionPolicy"]["retentionPeriod"]) == 60
    assert block["retention_policy"] == {"retention_period": 60}
    seconds = int(made["softDeletePolicy"]["retentionDurationSeconds"])
    assert block["soft_delete_policy"] == {"retention_duration_seconds": seconds}
    assert [(one["origin"], one["method"], one["maxAgeSeconds"]) for one in made["cors"]] == [
        (one["origin"], one["method"], one["max_age_seconds"]) for one in block["cors"]
    ]
    assert [rule["action"]["type"] for rule in made["lifecycle"]["rule"]] == [
        rule["action"]["type"] for rule in block["lifecycle_rule"]
    ]
    former, old = (rule["condition"] for rule in made["lifecycle"]["rule"])
    assert former == {"numNewerVersions": 2, "isLive": False, "matchesPrefix": ["raw/"]}
    assert block["lifecycle_rule"][0]["condition"] == {
        "num_newer_versions": 2,
        "with_state": "ARCHIVED",
        "matches_prefix": ["raw/"],
        "send_age_if_zero": False,
    }
    assert (old["age"], old["createdBefore"]) == (30, "2030-01-31")


def test_function_and_its_schedule(gcp_server: GcpServer, project: Project) -> None:
    name = f"estate-{uuid4().hex[:8]}"
    config = CloudFunctionConfig(
        memory_mb=2048,
        timeout_seconds=90,
        max_instances=3,
        concurrency=2,
        environment={"MODE": "fast"},
        schedule="0 6 * * *",
    )
    provider = Provider(gcp_server.config(), TAGS)
    function = provider.serverless(name, f"{project.module()}:run", "python3.11", config)

    function.deploy()

    blocks = resources(provider)
    block = one_of(blocks, "google_cloudfunctions2_function")
    made = Function.to_dict(found(gcp_server, name), use_integers_for_enums=False)
    package = function.package()
    digest = hashlib.sha256(package.read_bytes()).hexdigest()[:40]
    shutil.rmtree(package.parent)
    assert block["labels"].pop("glacier-package").startswith("${substr(filesha256(")
    assert made["labels"] == {**block["labels"], "glacier-package": digest}
    service = {**block["service_config"], "service_account_email": account_of(function)}
    build = {key: block["build_config"][key] for key in ("runtime", "entry_point")}
    own = made["service_config"]["environment_variables"].pop("LOG_EXECUTION_ID")  # Google's
    assert own == "true"
    assert service.items() <= made["service_config"].items()
    assert build.items() <= made["build_config"].items()
    (account,) = blocks["google_service_account"].values()
    assert account["account_id"] == account_of(function).partition("@")[0]
    job = scheduler(gcp_server).get_job(name=job_name(function))
    wanted = blocks["google_cloud_scheduler_job"][name]
    assert (job.schedule, job.time_zone) == (wanted["schedule"], wanted["time_zone"])
    assert job.name.rpartition("/")[2] == wanted["name"]
    assert job.attempt_deadline.seconds == int(wanted["attempt_deadline"].removesuffix("s"))
    assert job.http_target.body == b"{}"
    assert wanted["http_target"]["body"] == "e30="
