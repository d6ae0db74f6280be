"""Dataproc's clusters, and what batches need, as blocks of Terraform."""

from typing import Any

import polars as pl
import pytest

from glacier import Provider, pipeline, task
from glacier.config import DataprocConfig, GcpConfig
from glacier_gcp.iam import account_email, account_id, dataproc_condition
from glacier_gcp.job.definition import cluster_requirements
from tests.glacier_gcp.dataproc import cluster_executor, cluster_of
from tests.rigs.gcp.server import GcpServer
from tests.rigs.terraform_schema import check_document

CONFIG = GcpConfig(project="acme", region="europe-west1")
STAGING = "glacier-staging-acme-europe-west1"
ACCOUNT = account_id("dataproc", "etl", "europe-west1")
EMAIL = account_email(ACCOUNT, "acme")
USER, VIEWER = "roles/storage.objectUser", "roles/storage.objectViewer"


@pytest.fixture
def provider() -> Provider:
    """An estate that nobody has to be asked about."""
    return Provider(CONFIG, tags={"Team": "data"})


def resources(provider: Provider, *pipelines: Any) -> dict[str, Any]:
    found: dict[str, Any] = check_document(provider.terraform(pipelines))["resource"]
    return found


def cluster_in(found: dict[str, Any]) -> dict[str, Any]:
    (body,) = found["google_dataproc_cluster"].values()
    result: dict[str, Any] = body
    return result


def roles_in(found: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Return the bucket, the role and the place of every binding on a bucket."""
    members = found["google_storage_bucket_iam_member"].values()
    assert {one["member"] for one in members} == {f"${{google_service_account.{ACCOUNT}.member}}"}
    return {
        (
            one["bucket"].removeprefix("${google_storage_bucket.").removesuffix(".name}"),
            one["role"],
            one["condition"]["expression"].rpartition("projects/_/buckets/")[2].rstrip('")'),
        )
        for one in members
    }


def test_cluster_is_what_deploy_makes(provider: Provider) -> None:
    config = DataprocConfig(
        machine_type="n2-standard-8",
        num_workers=4,
        image_version="2.3",
        zone="europe-west1-b",
        idle_minutes=30,
        subnetwork="data",
        internal_ip_only=True,
        packages=["duckdb==1.2.3"],
        labels={"cost": "etl"},
    )
    provider.executor("etl", config=config)

    found = resources(provider)

    cluster = cluster_in(found)
    depends_on = cluster.pop("depends_on")
    assert cluster == {
        "name": "etl",
        "region": "europe-west1",
        "labels": {"team": "data", "cost": "etl"},
        "cluster_config": {
            "staging_bucket": f"${{google_storage_bucket.{STAGING}.name}}",
            "gce_cluster_config": {
                "zone": "europe-west1-b",
                "subnetwork": "data",
                "service_account": f"${{google_service_account.{ACCOUNT}.email}}",
                "service_account_scopes": ["https://www.googleapis.com/auth/cloud-platform"],
                "internal_ip_only": True,
            },
            "master_config": {"num_instances": 1, "machine_type": "n2-standard-8"},
            "worker_config": {"num_instances": 4, "machine_type": "n2-standard-8"},
            "software_config": {
                "image_version": "2.3",
                "override_properties": {
                    "dataproc:pip.packages": ",".join(cluster_requirements(config))
                },
            },
            "lifecycle_config": {"idle_delete_ttl": "1800s"},
        },
    }
    assert f"google_project_iam_member.{ACCOUNT}_dataproc_worker" in depends_on
    assert len(depends_on) == 3


def test_cluster_of_one_machine_has_no_workers(provider: Provider) -> None:
    provider.executor("etl", config=DataprocConfig(num_workers=0))

    cluster = cluster_in(resources(provider))["cluster_config"]

    assert "worker_config" not in cluster
    properties = cluster["software_config"]["override_properties"]
    assert properties["dataproc:dataproc.allow.zero.workers"] == "true"


def test_account_may_touch_what_the_pipelines_touch_and_staging(provider: Provider) -> None:
    raw = provider.bucket("raw", "sales.parquet", schema={"day": pl.Int64})
    clean = provider.bucket("clean", "sales/")
    provider.bucket("secret")
    executor = provider.executor("etl", config=DataprocConfig())

    @task(executor=executor)
    def copied() -> None:
        clean.write(raw.scan())

    @pipeline
    def copying() -> None:
        copied()

    roles = roles_in(resources(provider, copying))

    assert roles == {
        ("raw", VIEWER, "raw/objects/sales.parquet"),
        ("raw", VIEWER, "raw"),
        ("clean", USER, "clean/objects/sales/"),
        ("clean", USER, "clean"),
        (STAGING, USER, f"{STAGING}/objects/jobs/"),
        (STAGING, USER, STAGING),
    }


def test_account_is_a_worker_of_dataproc_without_its_rights_to_all_buckets(
    provider: Provider,
) -> None:
    provider.executor("etl", config=DataprocConfig())

    (member,) = resources(provider)["google_project_iam_member"].values()

    assert member == {
        "project": "acme",
        "role": "roles/dataproc.worker",
        "member": f"${{google_service_account.{ACCOUNT}.member}}",
        "condition": {
            "title": "glacier dataproc",
            "expression": dataproc_condition(STAGING, "europe-west1"),
        },
    }


def test_role_without_pipelines_says_that_it_is_wide(provider: Provider) -> None:
    provider.bucket("lake", "raw/")
    provider.executor("etl", config=DataprocConfig())

    document = provider.terraform()

    (note,) = document.notes
    assert note.startswith("Executor('etl'): it may read and write all declared buckets")
    members = check_document(document)["resource"]["google_storage_bucket_iam_member"].values()
    assert all("no pipeline was given" in one["//"] for one in members)


def test_batches_have_an_account_and_no_cluster(provider: Provider) -> None:
    provider.executor("etl", config=DataprocConfig(serverless=True))

    tree = check_document(provider.terraform())

    found = tree["resource"]
    assert found["google_service_account"][ACCOUNT] == {
        "account_id": ACCOUNT,
        "display_name": "Runs the jobs of etl",
        "description": "Made by Terraform from Glacier's configs.",
        "//": f'Batches run as it with DataprocConfig(service_account="{EMAIL}").',
    }
    assert tree["output"]["executor_etl_account"] == {
        "value": f"${{google_service_account.{ACCOUNT}.email}}"
    }
    assert {"google_project_iam_member", "google_storage_bucket_iam_member"} < set(found)
    assert "google_dataproc_cluster" not in found


def test_account_of_batches_is_made_where_the_config_names_it(provider: Provider) -> None:
    config = DataprocConfig(serverless=True, service_account=EMAIL)
    provider.executor("etl", config=config)

    found = resources(provider)

    assert "//" not in found["google_service_account"][ACCOUNT]
    assert "google_project_iam_member" in found


@pytest.mark.parametrize("serverless", [False, True])
def test_account_of_the_config_is_used_and_gets_no_roles(
    serverless: bool, provider: Provider
) -> None:
    own = "own@acme.iam.gserviceaccount.com"
    provider.executor("etl", config=DataprocConfig(serverless=serverless, service_account=own))

    document = provider.terraform()

    found = check_document(document)["resource"]
    assert not [one for one in found if one.endswith(("_iam_member", "_service_account"))]
    assert document.notes == ()
    if not serverless:
        machines = cluster_in(found)["cluster_config"]["gce_cluster_config"]
        assert machines["service_account"] == own


def test_cluster_that_exists_already_is_left_alone(provider: Provider) -> None:
    provider.executor("etl", config=DataprocConfig(cluster_name="shared"))

    assert set(resources(provider)) == {"google_storage_bucket"}


def test_overrides_reach_the_block(provider: Provider) -> None:
    overrides = {
        "cluster": {
            "config": {
                "masterConfig": {"machineTypeUri": "n2-highmem-4"},
                "gceClusterConfig": {"networkUri": "data"},
            }
        },
        "google_dataproc_cluster": {
            "graceful_decommission_timeout": "120s",
            "cluster_config": {"endpoint_config": {"enable_http_port_access": True}},
        },
    }
    provider.executor("etl", config=DataprocConfig(overrides=overrides))

    cluster = cluster_in(resources(provider))

    assert cluster["graceful_decommission_timeout"] == "120s"
    config = cluster["cluster_config"]
    assert config["endpoint_config"] == {"enable_http_port_access": True}
    assert config["master_config"]["machine_type"] == "n2-highmem-4"
    assert config["worker_config"]["machine_type"] == "n1-standard-4"


def test_cluster_has_the_labels_that_deploy_gives_it(gcp_server: GcpServer) -> None:
    provider = Provider(gcp_server.config(), tags={"Cost Center": "R&D"})
    executor = cluster_executor(gcp_server, provider, content=[])

    labels = cluster_in(resources(provider))["labels"]

    assert labels == {"cost-center": "r-d"}
    assert labels.items() <= cluster_of(gcp_server, executor)["labels"].items()
