"""Databricks' executors as blocks of Terraform, beside those of their cloud."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from glacier import Provider
from glacier.config import AwsConfig, AzureConfig, DatabricksConfig
from glacier.job_status import JobStatus
from glacier.terraform.collect import collected
from glacier_databricks.job import probe
from glacier_databricks.job.definition import cluster_fields
from tests.executors.jobs import ended
from tests.rigs.databricks.server import DatabricksWorkspace
from tests.rigs.terraform_schema import check_document

AWS = AwsConfig(region="eu-central-1", account_id="123456789012")
STAGING = "glacier-staging-123456789012-eu-central-1"
SECRET = "dapi0123456789abcdef"


@pytest.fixture
def estate() -> Provider:
    """An account that nobody has to be asked about."""
    return Provider(AWS, tags={"team": "data"})


def tree(provider: Provider) -> dict[str, Any]:
    return check_document(provider.terraform())


def only(found: dict[str, Any], kind: str) -> dict[str, Any]:
    (body,) = found["resource"][kind].values()
    result: dict[str, Any] = body
    return result


def test_job_has_the_cluster_that_submissions_ask_for(estate: Provider) -> None:
    config = DatabricksConfig(num_workers=4, packages=["duckdb==1.2.3"], timeout_seconds=600)
    estate.executor("analytics", config=config)

    job = only(tree(estate), "databricks_job")

    (cluster,), (task,) = job["job_cluster"], job["task"]
    assert (job["name"], job["tags"], job["timeout_seconds"]) == (
        "analytics",
        {"team": "data"},
        600,
    )
    assert cluster["new_cluster"] == cluster_fields(config, AWS, {"team": "data"})
    assert task["job_cluster_key"] == cluster["job_cluster_key"]
    assert task["library"] == [{"pypi": {"package": "duckdb==1.2.3"}}]
    assert task["max_retries"] == 0


def test_workspaces_of_one_document_get_a_file_and_a_job_each(estate: Provider) -> None:
    on_azure = Provider(AzureConfig(resource_group="sales", storage_account="acmesales"))
    for provider, host in ((estate, "https://acme.example"), (on_azure, "https://adb-1.example")):
        provider.executor(
            f"etl-{type(provider.config).__name__}", config=DatabricksConfig(host=host)
        )

    resources = check_document(collected(estate, on_azure))["resource"]

    files = resources["databricks_workspace_file"]
    jobs = resources["databricks_job"].values()
    ran = [job["task"][0]["spark_python_task"]["python_file"] for job in jobs]
    assert sorted(ran) == [f"${{databricks_workspace_file.{key}.workspace_path}}" for key in files]
    assert {file.get("provider") for file in files.values()} == {
        job.get("provider") for job in jobs
    }
    assert len(files) == 2


def test_job_stands_beside_the_clouds_own_blocks(estate: Provider) -> None:
    estate.bucket("lake", "sales.parquet")
    estate.executor("analytics", config=DatabricksConfig(host="https://acme.cloud.databricks.com"))

    found = tree(estate)

    buckets = {one["bucket"] for one in found["resource"]["aws_s3_bucket"].values()}
    assert buckets == {"lake", STAGING}
    assert found["terraform"]["required_providers"]["databricks"] == {
        "source": "databricks/databricks",
        "version": ">= 1.99, < 2.0",
    }
    assert found["provider"]["databricks"] == {"host": "https://acme.cloud.databricks.com"}
    assert found["provider"]["aws"]["region"] == "eu-central-1"
    assert found["output"]["job_analytics"]["value"] == "${databricks_job.analytics.id}"


def test_job_on_azure_has_azures_cluster() -> None:
    azure = AzureConfig(
        resource_group="lakes", location="eastus", subscription_id="sub", storage_account="lake"
    )
    provider = Provider(azure)
    provider.executor("analytics", config=DatabricksConfig())

    found = tree(provider)

    (cluster,) = only(found, "databricks_job")["job_cluster"]
    assert cluster["new_cluster"]["node_type_id"] == "Standard_D4s_v3"
    assert "azurerm_storage_container" in found["resource"]


def test_job_on_a_cluster_that_is_there_describes_none(estate: Provider) -> None:
    estate.executor("analytics", config=DatabricksConfig(existing_cluster_id="1126-x"))

    job = only(tree(estate), "databricks_job")

    assert job["task"][0]["existing_cluster_id"] == "1126-x"
    assert "job_cluster" not in job


def test_job_on_serverless_compute_has_an_environment_and_its_volume(estate: Provider) -> None:
    config = DatabricksConfig(
        serverless=True, volume="/Volumes/main/etl/jobs", packages=["duckdb==1.2.3"]
    )
    estate.executor("analytics", config=config)

    found = tree(estate)

    (environment,) = only(found, "databricks_job")["environment"]
    assert environment["spec"]["dependencies"] == ["duckdb==1.2.3"]
    assert only(found, "databricks_volume") == {
        "catalog_name": "main",
        "schema_name": "etl",
        "name": "jobs",
        "volume_type": "MANAGED",
    }


def test_pool_that_overrides_name_has_the_clusters_machines(estate: Provider) -> None:
    overrides = {"databricks_instance_pool": {"max_capacity": 20}}
    config = DatabricksConfig(instance_type="r5.xlarge", overrides=overrides)
    estate.executor("analytics", config=config)

    found = tree(estate)

    pool = only(found, "databricks_instance_pool")
    (cluster,) = only(found, "databricks_job")["job_cluster"]
    assert (pool["node_type_id"], pool["max_capacity"]) == ("r5.xlarge", 20)
    assert pool["disk_spec"]["disk_count"] == 1
    assert cluster["new_cluster"]["instance_pool_id"] == "${databricks_instance_pool.analytics.id}"
    assert not {"node_type_id", "aws_attributes"} & cluster["new_cluster"].keys()


def test_overrides_reach_the_job_and_not_the_cluster(estate: Provider) -> None:
    overrides = {"databricks_job": {"max_concurrent_runs": 3}, "runtime_engine": "PHOTON"}
    estate.executor("analytics", config=DatabricksConfig(overrides=overrides))

    job = only(tree(estate), "databricks_job")

    cluster = job["job_cluster"][0]["new_cluster"]
    assert (job["max_concurrent_runs"], cluster["runtime_engine"]) == (3, "PHOTON")
    assert "databricks_job" not in cluster


def test_no_secret_is_in_a_document(estate: Provider, tmp_path: Path) -> None:
    config = DatabricksConfig(token=SecretStr(SECRET), client_secret=SecretStr(f"{SECRET}x"))
    estate.executor("analytics", config=config)

    written = estate.write_terraform(tmp_path)

    assert [path.name for path in written][1].startswith("probe-")
    assert not any(SECRET in path.read_text() for path in written)


def test_file_of_the_job_tells_what_jobs_find(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    executor = provider.executor("etl", config=workspace.config(packages=["tenacity"]))

    status, log = ended(executor, probe.__file__)

    lines = log.splitlines()
    assert status is JobStatus.SUCCEEDED
    assert lines[0] == "Databricks Runtime: rig"
    assert lines[1].startswith("Python: 3.")
    assert any(line.startswith("tenacity==") for line in lines)
