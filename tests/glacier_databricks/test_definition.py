"""What Databricks is told of an executor, on each cloud."""

from pathlib import Path
from typing import Any

import pytest

from glacier import Provider
from glacier.adapters import ScriptJob
from glacier.config import (
    AwsConfig,
    AzureConfig,
    DatabricksConfig,
    GcpConfig,
    LocalConfig,
    ProviderConfig,
)
from glacier.errors import ConfigError
from glacier_databricks.job.definition import cluster_fields, run_fields
from glacier_databricks.runtimes import default_runtime

AWS = AwsConfig(region="us-east-1")
AZURE = AzureConfig(resource_group="lakes", location="eastus")
VOLUMES = {
    "ebs_volume_type": "GENERAL_PURPOSE_SSD",
    "ebs_volume_count": 1,
    "ebs_volume_size": 100,
}
GCP = GcpConfig(project="lakes", region="europe-west1")


def fields_of(config: DatabricksConfig, provider: ProviderConfig = AWS) -> dict[str, Any]:
    job = ScriptJob(Path("job.py"), requirements=("polars==2.1.0",), name="nightly", token="t0")
    return run_fields(
        config, provider, {"team": "data"}, job=job, python_file="s3://b/t0.py", sha256="abc"
    )


def cluster(config: ProviderConfig, **fields: Any) -> dict[str, Any]:
    return cluster_fields(DatabricksConfig(**fields), config, {})


@pytest.mark.parametrize(
    ("provider", "machine", "attributes"),
    [
        (
            AWS,
            "m5.xlarge",
            {"aws_attributes": {"availability": "ON_DEMAND", "zone_id": "auto", **VOLUMES}},
        ),
        (AZURE, "Standard_D4s_v3", {"azure_attributes": {"availability": "ON_DEMAND_AZURE"}}),
        (GCP, "n2-standard-4", {"gcp_attributes": {"availability": "ON_DEMAND_GCP"}}),
    ],
    ids=["aws", "azure", "gcp"],
)
def test_cluster_of_the_same_config_suits_each_cloud(
    provider: ProviderConfig, machine: str, attributes: dict[str, Any]
) -> None:
    assert cluster(provider, num_workers=4) == {
        "spark_version": default_runtime().key,
        "num_workers": 4,
        "node_type_id": machine,
        "data_security_mode": "SINGLE_USER",
        **attributes,
    }


@pytest.mark.parametrize("machine", ["m5.xlarge", "r6g.2xlarge", "c7i.xlarge", "p3.2xlarge"])
def test_machine_without_a_disk_gets_a_volume(machine: str) -> None:
    assert cluster(AWS, instance_type=machine)["aws_attributes"].items() >= VOLUMES.items()


@pytest.mark.parametrize(
    "machine", ["m5d.xlarge", "r6gd.2xlarge", "m5dn.large", "i3.xlarge", "d3en.xlarge", "g5.xlarge"]
)
def test_machine_with_a_disk_gets_no_volume(machine: str) -> None:
    attributes = cluster(AWS, instance_type=machine)["aws_attributes"]

    assert not VOLUMES.keys() & attributes.keys()


def test_cluster_on_a_platform_without_databricks_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"this provider is of LocalConfig.*AwsConfig, Azure"):
        Provider(config=LocalConfig()).executor("etl", config=DatabricksConfig())


def test_cluster_scales_between_its_limits() -> None:
    found = cluster(AWS, min_workers=1, max_workers=8)

    assert found["autoscale"] == {"min_workers": 1, "max_workers": 8}
    assert "num_workers" not in found


def test_cluster_without_workers_is_a_single_node_that_keeps_its_tags() -> None:
    found = cluster_fields(DatabricksConfig(num_workers=0), AWS, {"team": "data"})

    assert found["spark_conf"]["spark.databricks.cluster.profile"] == "singleNode"
    assert found["custom_tags"] == {"team": "data", "ResourceClass": "SingleNode"}


def test_cluster_from_a_pool_leaves_the_machines_to_that() -> None:
    found = cluster(AWS, instance_pool_id="pool-1", policy_id="p")

    assert (found["instance_pool_id"], found["policy_id"]) == ("pool-1", "p")
    assert not {"node_type_id", "aws_attributes"} & found.keys()


def test_overrides_come_last_and_reach_cluster_and_run() -> None:
    config = DatabricksConfig(
        overrides={
            "aws_attributes": {"instance_profile_arn": "arn:aws:iam::1:instance-profile/etl"},
            "data_security_mode": None,
            "run": {"notification_settings": {"no_alert_for_canceled_runs": True}},
        }
    )

    run = fields_of(config)

    found = run["tasks"][0]["new_cluster"]
    assert found["aws_attributes"]["zone_id"] == "auto"
    assert found["aws_attributes"]["instance_profile_arn"].endswith("/etl")
    assert "data_security_mode" not in found
    assert "run" not in found
    assert run["notification_settings"] == {"no_alert_for_canceled_runs": True}


def test_run_is_queued_recognised_and_never_tried_again_by_itself() -> None:
    run = fields_of(DatabricksConfig(timeout_seconds=600, packages=["duckdb==1.2.3"]))

    (task,) = run.pop("tasks")
    assert run == {
        "run_name": "nightly",
        "idempotency_token": "t0",
        "queue": {"enabled": True},
        "timeout_seconds": 600,
    }
    assert task["max_retries"] == 0
    assert task["libraries"] == [
        {"pypi": {"package": "polars==2.1.0"}},
        {"pypi": {"package": "duckdb==1.2.3"}},
    ]
    assert task["spark_python_task"] == {
        "python_file": "s3://b/t0.py",
        "parameters": ["--glacier-sha256", "abc", "--glacier-token", "t0"],
    }
    assert task["new_cluster"]["custom_tags"] == {"team": "data"}


def test_run_on_a_cluster_that_is_there_describes_none() -> None:
    (task,) = fields_of(DatabricksConfig(existing_cluster_id="1126-x"))["tasks"]

    assert task["existing_cluster_id"] == "1126-x"
    assert "new_cluster" not in task


def test_run_on_serverless_compute_has_an_environment_in_place_of_libraries() -> None:
    run = fields_of(DatabricksConfig(serverless=True, packages=["duckdb"]))

    (task,), (environment,) = run["tasks"], run["environments"]
    assert task["environment_key"] == environment["environment_key"]
    assert not {"new_cluster", "libraries"} & task.keys()
    assert environment["spec"] == {
        "environment_version": "4",
        "dependencies": ["polars==2.1.0", "duckdb"],
    }
