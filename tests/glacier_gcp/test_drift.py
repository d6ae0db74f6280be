"""What Google has, compared with configs: named setting by setting, and gone after a deployment."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest
from google.auth.transport.requests import AuthorizedSession
from google.cloud.functions_v2 import FunctionServiceClient
from google.cloud.scheduler_v1 import CloudSchedulerClient, Job

from glacier import Provider
from glacier.config import DataprocConfig, GcsConfig
from glacier_gcp.session import session_of
from tests.glacier_gcp.functions import PLACE, deployed
from tests.projects import Project
from tests.rigs.gcp.server import GcpServer

ARCHIVE = {
    "action": {"type": "SetStorageClass", "storage_class": "COLDLINE"},
    "condition": {"age": 30},
}


@pytest.fixture
def http(gcp_server: GcpServer) -> AuthorizedSession:
    return session_of(gcp_server.config()).http


CHANGES: dict[str, tuple[Mapping[str, Any], str]] = {
    "versioning": (
        {"versioning": {"enabled": False}},
        "versioning.enabled is False and should be True",
    ),
    "lifecycle": ({"lifecycle": None}, "lifecycle is None and should be {'rule': [{"),
    "public access": (
        {"iamConfiguration": {"publicAccessPrevention": "inherited"}},
        "iamConfiguration.publicAccessPrevention is 'inherited' and should be 'enforced'",
    ),
    "labels": ({"labels": {"team": "others"}}, "labels.team is 'others' and should be 'data'"),
}


@pytest.mark.parametrize("setting", CHANGES)
def test_setting_of_a_bucket_that_somebody_changed_is_named(
    gcp_server: GcpServer, http: AuthorizedSession, setting: str
) -> None:
    provider = Provider(config=gcp_server.config(), tags={"team": "data"})
    lake, (change, says) = f"lake-{uuid4().hex}", CHANGES[setting]
    provider.bucket(lake, "a/", config=GcsConfig(versioning=True, lifecycle_rules=[ARCHIVE]))
    provider.deploy()
    before = provider.drift()
    http.patch(f"{gcp_server.endpoint}/storage/v1/b/{lake}", json=change).raise_for_status()

    (found,) = provider.drift()

    assert before == ()
    assert str(found).startswith(f"bucket '{lake}': {says}")
    provider.deploy()
    assert provider.drift() == ()


def test_bucket_that_is_not_there_is_missing_and_made(gcp_server: GcpServer) -> None:
    provider, lake = Provider(config=gcp_server.config()), f"lake-{uuid4().hex}"
    provider.bucket(lake, "a/")
    provider.bucket(lake, "b/", config=GcsConfig(versioning=True))

    done = provider.deploy()

    assert [str(one) for one in done.changes] == [f"bucket '{lake}' is missing"]
    assert provider.drift() == ()


def test_function_that_somebody_changed_is_named_without_what_its_variables_hold(
    gcp_server: GcpServer, project: Project
) -> None:
    function = deployed(
        gcp_server.config(), f"{project.module()}:run", environment={"STAGE": "test"}
    )
    provider, name = function.provider, function.function_name
    before = provider.drift()
    client = session_of(gcp_server.config()).client(FunctionServiceClient)
    known = client.get_function(name=f"{PLACE}/functions/{name}")
    known.service_config.environment_variables["STAGE"] = "a secret of somebody"
    known.service_config.timeout_seconds = 99
    mask = {"paths": ["service_config.environment_variables", "service_config.timeout_seconds"]}
    client.update_function({"function": known, "update_mask": mask}).result()

    found = [str(one) for one in provider.drift()]

    assert before == ()
    variable = "serviceConfig.environmentVariables.STAGE"
    assert sorted(found) == [
        f"function '{name}': {variable} is 'another value' and should be 'test'",
        f"function '{name}': serviceConfig.timeoutSeconds is 99 and should be 60",
    ]
    provider.deploy()
    assert provider.drift() == ()


SCHEDULE_CHANGES: dict[str, tuple[Callable[[CloudSchedulerClient, Job], object], str]] = {
    "paused": (
        lambda jobs, job: jobs.pause_job(name=job.name),
        "schedule.state is 'PAUSED' and should be 'ENABLED'",
    ),
    "at another place's times": (
        lambda jobs, job: jobs.update_job(job=Job({**Job.to_dict(job), "time_zone": "Asia/Tokyo"})),
        "schedule.timeZone is 'Asia/Tokyo' and should be 'Etc/UTC'",
    ),
    "gone": (
        lambda jobs, job: jobs.delete_job(name=job.name),
        "schedule is None and should be '0 6 * * *'",
    ),
}


@pytest.mark.parametrize("state", SCHEDULE_CHANGES)
def test_schedule_that_does_not_fire_as_it_should_is_named_and_mended(
    gcp_server: GcpServer, project: Project, state: str
) -> None:
    function = deployed(gcp_server.config(), f"{project.module()}:run", schedule="0 6 * * *")
    name, (change, says) = function.function_name, SCHEDULE_CHANGES[state]
    before = function.provider.drift()
    jobs = session_of(gcp_server.config()).client(CloudSchedulerClient)
    change(jobs, jobs.get_job(name=f"{PLACE}/jobs/glacier-{name}"))

    (found,) = function.provider.drift()

    assert before == ()
    assert str(found) == f"function '{name}': {says}"
    function.provider.deploy()
    assert function.provider.drift() == ()


def test_location_is_the_same_in_small_letters(gcp_server: GcpServer) -> None:
    provider, lake = Provider(config=gcp_server.config()), f"lake-{uuid4().hex}"
    provider.bucket(lake, config=GcsConfig(overrides={"buckets": {"location": "eu"}}))
    provider.deploy()

    assert provider.drift() == ()


def test_cluster_of_a_version_without_its_last_number_is_as_it_should_be(
    gcp_server: GcpServer,
) -> None:
    provider, name = Provider(config=gcp_server.config()), f"etl-{uuid4().hex[:12]}"
    provider.executor(name, config=DataprocConfig(image_version="2.2-debian12"))
    provider.deploy()

    assert provider.drift() == ()


def test_property_of_a_cluster_is_named_with_its_values(gcp_server: GcpServer) -> None:
    name, key = f"etl-{uuid4().hex[:12]}", "spark:spark.executor.memory"
    Provider(config=gcp_server.config()).executor(name, config=DataprocConfig()).deploy()
    software = {"softwareConfig": {"properties": {key: "4g"}}}
    provider = Provider(config=gcp_server.config())
    provider.executor(name, config=DataprocConfig(overrides={"cluster": {"config": software}}))

    (found,) = provider.drift()

    setting = f"config.softwareConfig.properties.{key}"
    assert str(found) == f"cluster '{name}': {setting} is None and should be '4g'"


def test_cluster_with_other_settings_is_named(gcp_server: GcpServer) -> None:
    name = f"etl-{uuid4().hex[:12]}"
    before = Provider(config=gcp_server.config())
    before.executor(name, config=DataprocConfig(num_workers=2)).deploy()
    provider = Provider(config=gcp_server.config())
    provider.executor(name, config=DataprocConfig(num_workers=5))

    (found,) = provider.drift()

    setting = "config.workerConfig.numInstances"
    assert str(found) == f"cluster '{name}': {setting} is 2 and should be 5"
    assert before.drift() == ()
    provider.deploy()
    assert provider.drift() == ()
