"""An executor's cluster is made, and kept up as far as can be; that of others is left alone."""

import logging
from uuid import uuid4

import pytest

from glacier import Executor, Provider
from glacier.config import DataprocConfig
from glacier.errors import ConfigError, JobError, PackageError
from tests.glacier_gcp.dataproc import asked_of_dataproc, cluster_of, command
from tests.glacier_gcp.functions import refused
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Proxy


def named(server: GcpServer, name: str, **fields: object) -> Executor:
    """Return an executor of a name, which is its cluster's."""
    provider = Provider(config=server.config(), tags={"team": "data"})
    return provider.executor(name, config=DataprocConfig.model_validate(fields))


def new_name() -> str:
    return f"etl-{uuid4().hex[:12]}"


def test_deploy_makes_the_cluster_once(gcp_server: GcpServer) -> None:
    executor = named(gcp_server, new_name(), idle_minutes=30)

    executor.deploy()
    asked_of_dataproc(gcp_server)
    executor.deploy()
    asked = asked_of_dataproc(gcp_server)

    cluster = cluster_of(gcp_server, executor)
    settings = cluster["config"]
    assert cluster["status"]["state"] == "RUNNING"
    assert cluster["labels"]["team"] == "data"
    assert settings["configBucket"] == "glacier-staging-glacier-test-europe-west1"
    assert settings["workerConfig"]["numInstances"] == 2
    assert settings["workerConfig"]["machineTypeUri"].endswith("/machineTypes/n1-standard-4")
    assert settings["softwareConfig"]["imageVersion"].startswith("2.2.")
    assert settings["lifecycleConfig"]["idleDeleteTtl"] == "1800s"
    assert asked == [f"GET clusters/{executor.name}"]


def test_deploy_changes_what_can_be_changed_of_a_cluster(gcp_server: GcpServer) -> None:
    name = new_name()
    named(gcp_server, name, labels={"of": "others"}).deploy()
    executor = named(gcp_server, name, num_workers=5, idle_minutes=60, labels={"stage": "live"})

    executor.deploy()

    cluster = cluster_of(gcp_server, executor)
    assert cluster["config"]["workerConfig"]["numInstances"] == 5
    assert cluster["config"]["lifecycleConfig"]["idleDeleteTtl"] == "3600s"
    assert cluster["config"]["workerConfig"]["machineTypeUri"].endswith("/n1-standard-4")
    kept = {"team": "data", "of": "others", "stage": "live"}
    assert kept.items() <= cluster["labels"].items()


def test_deploy_refuses_what_can_not_be_changed_of_a_cluster(gcp_server: GcpServer) -> None:
    name = new_name()
    named(gcp_server, name).deploy()
    executor = named(gcp_server, name, machine_type="n2-standard-8", image_version="2.3")

    with pytest.raises(
        JobError,
        match=r"(?s)config\.masterConfig\.machineTypeUri, config\.softwareConfig\.imageVersion, "
        r"config\.workerConfig\.machineTypeUri\..*gcloud dataproc clusters delete etl-",
    ):
        executor.deploy()


def test_deploy_leaves_a_cluster_its_packages_and_says_so(
    gcp_server: GcpServer, caplog: pytest.LogCaptureFixture
) -> None:
    name = new_name()
    named(gcp_server, name).deploy()
    before = cluster_of(gcp_server, named(gcp_server, name))
    executor = named(gcp_server, name, packages=["narwhals==0.0.1"])

    executor.deploy()

    assert cluster_of(gcp_server, executor) == before
    assert any("what it lacks travels with every job" in one for one in caplog.messages)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_deploy_waits_for_what_others_do_to_a_cluster(gcp_server: GcpServer) -> None:
    name = new_name()
    named(gcp_server, name).deploy()
    command(gcp_server, "cluster", name=name, states=["CREATING", "UPDATING"])
    executor = named(gcp_server, name, num_workers=3)

    executor.deploy()

    assert cluster_of(gcp_server, executor)["config"]["workerConfig"]["numInstances"] == 3


def test_deploy_makes_a_cluster_again_that_is_being_deleted(gcp_server: GcpServer) -> None:
    executor = named(gcp_server, new_name())
    executor.deploy()
    former = cluster_of(gcp_server, executor)
    command(gcp_server, "cluster", name=executor.name, states=["DELETING", "DELETED"])

    executor.deploy()

    assert cluster_of(gcp_server, executor)["clusterUuid"] != former["clusterUuid"]


def test_change_of_a_cluster_without_an_end_is_an_error(
    gcp_server: GcpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glacier_gcp.job.deployment.DEPLOYMENT_SECONDS", 0.1)
    executor = named(gcp_server, new_name())
    executor.deploy()
    command(gcp_server, "cluster", name=executor.name, states=["UPDATING"] * 9)

    with pytest.raises(JobError, match=r"is still UPDATING after 0 seconds.*Deploy it again later"):
        executor.deploy()


def test_cluster_that_another_process_has_just_made_is_kept_up(gcp_server: GcpServer) -> None:
    name = new_name()
    named(gcp_server, name).deploy()
    with Proxy(gcp_server.endpoint) as proxy:
        config = gcp_server.config(endpoint=proxy.endpoint)
        missing = refused(404, "NOT_FOUND", f"Not found: Cluster {name}")
        early = proxy.on(missing, method="GET", path=f"/clusters/{name}$", times=1)
        late = Provider(config=config).executor(name, config=DataprocConfig(num_workers=3))

        late.deploy()

    assert early.played == 1
    assert cluster_of(gcp_server, late)["config"]["workerConfig"]["numInstances"] == 3


def test_deploy_only_looks_for_a_cluster_of_others(gcp_server: GcpServer) -> None:
    name = new_name()
    named(gcp_server, name).deploy()
    executor = named(gcp_server, "jobs", cluster_name=name, machine_type="n2-standard-8")
    asked_of_dataproc(gcp_server)

    executor.deploy()

    assert asked_of_dataproc(gcp_server) == [f"GET clusters/{name}"]
    with pytest.raises(JobError, match=r"(?s)clusters/nowhere\..*DataprocConfig\(cluster_name="):
        named(gcp_server, "jobs", cluster_name="nowhere").deploy()


def test_deploy_of_batches_makes_nothing_but_staging(gcp_server: GcpServer) -> None:
    executor = named(gcp_server, "batches", serverless=True)
    asked_of_dataproc(gcp_server)

    executor.deploy()

    assert asked_of_dataproc(gcp_server) == []


def test_cluster_that_can_not_be_made_says_why(gcp_server: GcpServer) -> None:
    executor = named(gcp_server, new_name(), packages=["no-such-package==1.0"])

    with pytest.raises(
        JobError, match=r"pip\.packages: No matching distribution found for no-such"
    ):
        executor.deploy()


def test_field_that_the_api_has_not_is_named(gcp_server: GcpServer) -> None:
    executor = named(gcp_server, new_name(), overrides={"cluster": {"confg": {}}})

    with pytest.raises(
        ConfigError, match=r'no such cluster: .*no field named "confg".*overrides=\{\'cluster\''
    ):
        executor.deploy()


def test_secret_is_refused_before_a_cluster_is_made(gcp_server: GcpServer) -> None:
    config = gcp_server.config()
    assert config.service_account_key is not None
    labels = {"key": config.service_account_key.get_secret_value()}
    executor = Provider(config=config).executor(new_name(), config=DataprocConfig(labels=labels))
    asked_of_dataproc(gcp_server)

    with pytest.raises(PackageError, match=r"holds the secret GcpConfig\.service_account_key"):
        executor.deploy()

    assert asked_of_dataproc(gcp_server) == []


def test_missing_role_is_an_error_that_names_it(gcp_server: GcpServer) -> None:
    stranger = "stranger@glacier-test.iam.gserviceaccount.com"
    gcp_server.grant(stranger, "roles/storage.admin")
    config = gcp_server.config(service_account_key=gcp_server.key(stranger))
    executor = Provider(config=config).executor(new_name(), config=DataprocConfig())

    with pytest.raises(JobError, match=rf"Give the service account {stranger} the role roles/data"):
        executor.deploy()


def test_account_that_may_not_be_acted_as_is_an_error_that_names_the_role(
    gcp_server: GcpServer,
) -> None:
    stranger, jobs = (f"{one}@glacier-test.iam.gserviceaccount.com" for one in ("deployer", "jobs"))
    gcp_server.key(jobs)
    for role in ("roles/storage.admin", "roles/dataproc.editor"):
        gcp_server.grant(stranger, role)
    config = gcp_server.config(service_account_key=gcp_server.key(stranger))
    executor = Provider(config=config).executor(
        new_name(), config=DataprocConfig(service_account=jobs)
    )

    with pytest.raises(JobError, match=r"act as service account.*roles/iam\.serviceAccountUser"):
        executor.deploy()
