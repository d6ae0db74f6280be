"""What a config of Dataproc takes, and what Dataproc is told of an executor by it."""

from typing import Any

import pytest
from pydantic import ValidationError

from glacier import Provider
from glacier.config import DataprocConfig, GcpConfig
from glacier.errors import JobError
from glacier_gcp.job.definition import (
    PIP_PACKAGES,
    ZERO_WORKERS,
    batch_fields,
    cluster_fields,
    job_fields,
    script_fields,
)
from glacier_gcp.job.names import job_id_of
from glacier_gcp.job.runtimes import python_of, runs_tasks

GCP = GcpConfig(project="acme", region="europe-west1")
SCRIPT = script_fields("gs://staging/launcher.py", {"--a": "b"}, None)


def cluster(config: DataprocConfig, gcp: GcpConfig = GCP) -> dict[str, Any]:
    return cluster_fields("etl", config, gcp, staging="staging", labels={"team": "data"})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"num_workers": 1}, "two workers or more"),
        ({"packages": ["duckdb>=1"]}, "no requirement with an exact version"),
        ({"packages": ["duckdb[all]==1.0"]}, "no requirement with an exact version"),
        ({"image_version": "latest"}, "String should match pattern"),
        ({"cluster_name": "Etl"}, "String should match pattern"),
        ({"idle_minutes": 4}, "greater than or equal to 5"),
        ({"serverless": True, "zone": "a", "idle_minutes": 9}, "idle_minutes, zone says something"),
        (
            {"serverless": True, "image_version": "3.0"},
            r"as no account by default; set service_acc",
        ),
        ({"ttl_minutes": 60}, "ttl_minutes says something of serverless batches"),
        ({"overrides": {"clutser": {}}}, "belongs to nothing that Glacier makes"),
        ({"overrides": {"job": 1}}, "belongs to nothing that Glacier makes"),
    ],
)
def test_field_that_dataproc_would_refuse_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        DataprocConfig(**fields)


def test_cluster_has_the_configs_machines_and_glaciers_packages() -> None:
    config = DataprocConfig(
        machine_type="n2-standard-8",
        num_workers=4,
        image_version="2.3-debian12",
        zone="europe-west1-b",
        idle_minutes=30,
        service_account="jobs@acme.iam.gserviceaccount.com",
        subnetwork="private",
        packages=["duckdb==1.4.1", "polars==2.0.0"],
        labels={"team": "etl"},
    )

    found = cluster(config)

    settings = found["config"]
    packages = settings["softwareConfig"]["properties"][PIP_PACKAGES].split(",")
    assert (found["projectId"], found["clusterName"]) == ("acme", "etl")
    assert found["labels"] == {"team": "etl"}
    assert settings["configBucket"] == "staging"
    assert settings["masterConfig"] == {"numInstances": 1, "machineTypeUri": "n2-standard-8"}
    assert settings["workerConfig"] == {"numInstances": 4, "machineTypeUri": "n2-standard-8"}
    assert settings["softwareConfig"]["imageVersion"] == "2.3-debian12"
    assert settings["lifecycleConfig"] == {"idleDeleteTtl": "1800s"}
    assert settings["gceClusterConfig"] == {
        "zoneUri": "europe-west1-b",
        "serviceAccount": "jobs@acme.iam.gserviceaccount.com",
        "subnetworkUri": "private",
        "serviceAccountScopes": ["https://www.googleapis.com/auth/cloud-platform"],
        "internalIpOnly": False,
    }
    assert {"duckdb==1.4.1", "polars==2.0.0"} <= set(packages)
    assert sum(line.startswith("polars==") for line in packages) == 1
    assert any(line.startswith("gcsfs==") for line in packages)
    assert not any(line.startswith("glacier") for line in packages)


def test_cluster_without_workers_is_one_machine() -> None:
    settings = cluster(DataprocConfig(num_workers=0))["config"]

    assert "workerConfig" not in settings
    assert settings["softwareConfig"]["properties"][ZERO_WORKERS] == "true"


def test_cluster_is_in_the_providers_zone_where_it_names_none() -> None:
    gcp = GcpConfig(project="acme", zone="us-central1-f")

    assert cluster(DataprocConfig(), gcp)["config"]["gceClusterConfig"]["zoneUri"] == (
        "us-central1-f"
    )


def test_overrides_come_last_by_what_they_belong_to() -> None:
    overrides = {
        "cluster": {"config": {"softwareConfig": {"properties": {PIP_PACKAGES: None}}}},
        "job": {"scheduling": {"maxFailuresPerHour": 1}},
        "batch": {"runtimeConfig": {"properties": {"spark.executor.cores": "8"}}},
    }
    config = DataprocConfig(overrides=overrides, properties={"spark.executor.cores": "4"})

    made = cluster(config)
    job = job_fields("etl", config, job_id="a", script=SCRIPT, wheels=None, labels={})
    batch = batch_fields(config, script=SCRIPT, wheels=None, staging="staging", labels={})

    assert made["config"]["softwareConfig"]["properties"] == {}
    assert job["scheduling"] == {"maxFailuresPerHour": 1}
    assert job["pysparkJob"]["properties"] == {"spark.executor.cores": "4"}
    assert batch["runtimeConfig"]["properties"] == {"spark.executor.cores": "8"}


def test_batch_has_its_runtime_its_limit_and_its_account() -> None:
    config = DataprocConfig(
        serverless=True,
        image_version="3.0",
        container_image="europe-docker.pkg.dev/acme/jobs/etl:1",
        ttl_minutes=90,
        service_account="jobs@acme.iam.gserviceaccount.com",
        subnetwork="private",
    )

    batch = batch_fields(config, script=SCRIPT, wheels=None, staging="staging", labels={})

    assert batch["pysparkBatch"] == {
        "mainPythonFileUri": "gs://staging/launcher.py",
        "args": ["--a", "b"],
    }
    assert batch["runtimeConfig"]["version"] == "3.0"
    assert batch["runtimeConfig"]["containerImage"] == "europe-docker.pkg.dev/acme/jobs/etl:1"
    assert batch["environmentConfig"]["executionConfig"] == {
        "stagingBucket": "staging",
        "authenticationConfig": {"userWorkloadAuthenticationType": "SERVICE_ACCOUNT"},
        "serviceAccount": "jobs@acme.iam.gserviceaccount.com",
        "subnetworkUri": "private",
        "ttl": "5400s",
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nightly", "nightly-0123456789abcdef"),
        ("nächtlich, 1", "n-chtlich-1-0123456789abcdef"),
        ("数据", "job-0123456789abcdef"),
        ("x" * 45 + "-yz", "x" * 45 + "-0123456789abcdef"),
    ],
)
def test_id_of_a_job_is_legal_whatever_its_name(name: str, expected: str) -> None:
    assert job_id_of(name, "0123456789abcdef") == expected


@pytest.mark.parametrize(
    ("fields", "python", "is_fit"),
    [
        ({}, "3.11", True),
        ({"image_version": "2.1-debian11"}, "3.10", False),
        ({"image_version": "3.0.4"}, "3.11", True),
        ({"image_version": "4.7"}, None, True),
        ({"serverless": True}, "3.12", True),
        ({"serverless": True, "image_version": "1.1"}, "3.10", False),
        ({"serverless": True, "image_version": "1.2"}, "3.12", True),
        ({"serverless": True, "image_version": "1.1", "container_image": "a"}, None, True),
        ({"cluster_name": "theirs"}, None, True),
        ({"cluster_name": "theirs", "image_version": "2.0"}, "3.8", False),
    ],
)
def test_python_is_that_of_the_image(
    fields: dict[str, Any], python: str | None, *, is_fit: bool
) -> None:
    config = DataprocConfig(**fields)

    assert (python_of(config), runs_tasks(config)) == (python, is_fit)


@pytest.mark.parametrize("name", ["Etl", "1-etl", "etl_1", "etl-", "e" * 52])
def test_name_that_no_cluster_can_have_is_refused_at_once(name: str) -> None:
    provider = Provider(config=GCP)

    with pytest.raises(JobError, match=r"is not legal for a Dataproc cluster.*'nightly-etl'"):
        provider.executor(name, config=DataprocConfig())


def test_name_is_free_where_no_cluster_has_it() -> None:
    provider = Provider(config=GCP)

    named = provider.executor("Nightly ETL", config=DataprocConfig(cluster_name="theirs"))
    batches = provider.executor("Nightly ETL", config=DataprocConfig(serverless=True))

    assert (named.name, batches.name) == ("Nightly ETL", "Nightly ETL")


def test_account_that_is_no_address_is_refused() -> None:
    with pytest.raises(ValidationError, match="service_account"):
        DataprocConfig(service_account="etl")
