"""Jobs on Dataproc: what is submitted, their logs and states, and how they are stopped."""

import json
import logging
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from google.cloud.dataproc_v1 import Batch
from google.cloud.dataproc_v1 import JobStatus as DataprocStatus

from glacier import Executor, Provider
from glacier.config import DataprocConfig
from glacier.errors import ConfigError, JobError, PackageError
from glacier.job_status import JobStatus
from glacier_gcp.job.states import STATES, STATES_OF_BATCHES
from tests.executors.job_cases import ENDLESS, HELLO, JobsOnExecutors
from tests.executors.jobs import LIMIT_SECONDS, Staged, ended, written
from tests.glacier_gcp.dataproc import (
    IMAGE,
    MOST_JOBS,
    arguments_of,
    asked_of_dataproc,
    batch_executor,
    batch_of,
    cluster_executor,
    command,
    ids_of,
    jobs_of,
    staged,
)
from tests.rigs.gcp.server import GcpServer

PRINTING = """
    import os, sys
    print("to output")
    print("to error", file=sys.stderr)
    os.system("echo from a child")
    print("ü" * 3)
"""

Maker = Callable[..., Executor]


class JobsOnDataproc(JobsOnExecutors):
    @pytest.fixture
    def server(self, gcp_server: GcpServer) -> GcpServer:
        return gcp_server

    @pytest.fixture
    def staged(self, gcp_server: GcpServer) -> Staged:
        return partial(staged, gcp_server)

    @pytest.fixture(autouse=True)
    def key(self, gcp_server: GcpServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have the secret be that of the rig's owner, which the rig makes when it starts."""
        secret = json.loads(gcp_server.key())["private_key"]
        monkeypatch.setattr(self, "secret", secret, raising=False)

    def job_ids(self, server: GcpServer, executor: Executor) -> list[str]:
        return ids_of(server, executor)


class TestJobs(JobsOnDataproc):
    @pytest.fixture
    def executor(self, gcp_server: GcpServer) -> Executor:
        return cluster_executor(gcp_server, content=[])

    @pytest.fixture
    def crowded(self, gcp_server: GcpServer) -> Executor:
        software = {"config": {"softwareConfig": {"properties": {MOST_JOBS: "1"}}}}
        return cluster_executor(gcp_server, content=[], overrides={"cluster": software})


class TestBatches(JobsOnDataproc):
    @pytest.fixture
    def executor(self, gcp_server: GcpServer) -> Executor:
        return batch_executor(gcp_server)

    @pytest.fixture
    def crowded(self) -> Executor:
        pytest.skip("how many batches run at a time is a quota of the project")


@pytest.fixture(params=["cluster", "batch"])
def make(request: pytest.FixtureRequest, gcp_server: GcpServer) -> Maker:
    """Return an executor of either kind, which needs no packages of Glacier's."""
    if request.param == "batch":
        return lambda **fields: batch_executor(gcp_server, **fields)
    return lambda **fields: cluster_executor(gcp_server, content=[], **fields)


def test_job_is_what_the_config_says(gcp_server: GcpServer, tmp_path: Path) -> None:
    provider = Provider(config=gcp_server.config(), tags={"team": "data"})
    executor = cluster_executor(
        gcp_server,
        provider,
        content=[],
        properties={"spark.executor.memory": "4g"},
        labels={"stage": "live"},
        overrides={"job": {"scheduling": {"maxFailuresPerHour": 1}}},
    )

    job_id = executor.submit_job({"script": written(tmp_path, HELLO), "name": "nächtlich, 1"})

    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    (job,) = jobs_of(gcp_server, executor)
    pyspark = job["pysparkJob"]
    assert status is JobStatus.SUCCEEDED
    assert re.fullmatch(r"n-chtlich-1-[0-9a-f]{16}", job_id)
    assert job["reference"]["jobId"] == job_id
    assert job["placement"]["clusterName"] == executor.name
    assert job["labels"] == {"team": "data", "stage": "live"}
    assert job["scheduling"]["maxFailuresPerHour"] == 1
    assert pyspark["properties"] == {"spark.executor.memory": "4g"}
    assert (pyspark["archiveUris"], pyspark["fileUris"]) == ([], [])
    assert pyspark["mainPythonFileUri"].startswith("gs://glacier-staging-")
    assert arguments_of(pyspark)["--glacier-run"].endswith(f"{job_id[-16:]}.json")


def test_batch_is_what_the_config_says(gcp_server: GcpServer, tmp_path: Path) -> None:
    executor = batch_executor(
        gcp_server, ttl_minutes=30, properties={"spark.executor.instances": "2"}
    )

    job_id = executor.submit_job({"script": written(tmp_path, HELLO), "name": "nightly"})

    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    batch = batch_of(gcp_server, job_id)
    assert status is JobStatus.SUCCEEDED
    assert re.fullmatch(r"nightly-[0-9a-f]{16}", job_id)
    assert batch["runtimeConfig"]["containerImage"] == IMAGE
    assert batch["runtimeConfig"]["properties"] == {"spark.executor.instances": "2"}
    assert batch["environmentConfig"]["executionConfig"]["ttl"] == "1800s"


def test_log_has_all_that_a_job_prints(make: Maker, tmp_path: Path) -> None:
    _, log = ended(make(), written(tmp_path, PRINTING))

    assert sorted(log.splitlines()) == ["from a child", "to error", "to output", "üüü"]


def test_log_in_many_objects_is_read_over_their_borders(
    gcp_server: GcpServer, tmp_path: Path
) -> None:
    executor = cluster_executor(gcp_server, content=[])
    source = "for n in range(2000):\n    print('ü', n)\n"
    expected = "".join(f"ü {n}\n" for n in range(2000))

    job_id = executor.submit_job(written(tmp_path, source))
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    begin = expected.index("ü 500")
    piece = executor.read_job_logs(job_id, str(len(expected[:begin].encode())))
    assert piece.text == expected[begin:]
    assert executor.get_job_logs(job_id) == expected


def test_log_ends_with_what_dataproc_says(make: Maker, tmp_path: Path) -> None:
    executor = make()

    status, log = ended(executor, written(tmp_path, "raise SystemExit(3)"))

    assert status is JobStatus.FAILED
    assert re.fullmatch(r"Dataproc: (ERROR|FAILED): .* exited with 3\.\n", log)


def test_batch_that_never_began_says_why(gcp_server: GcpServer, tmp_path: Path) -> None:
    executor = batch_executor(gcp_server, container_image="europe-docker.pkg.dev/rig/jobs/none")

    status, log = ended(executor, written(tmp_path, HELLO))

    assert status is JobStatus.FAILED
    assert "Dataproc: FAILED: Job failed before its driver was started: Failed to pull" in log


def test_job_that_was_stopped_is_not_stopped_again(
    gcp_server: GcpServer, make: Maker, tmp_path: Path
) -> None:
    executor = make()
    job_id = executor.submit_job(written(tmp_path, ENDLESS))
    executor.cancel_job(job_id)
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    asked_of_dataproc(gcp_server)

    executor.cancel_job(job_id)

    assert not any(":cancel" in one for one in asked_of_dataproc(gcp_server))


@pytest.mark.parametrize("state", [99, "STATE_UNSPECIFIED"])
def test_state_that_nobody_knows_is_running_and_told_once(
    gcp_server: GcpServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, state: int | str
) -> None:
    executor = cluster_executor(gcp_server, content=[])
    job_id = executor.submit_job(written(tmp_path, HELLO))
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    caplog.set_level(logging.WARNING)

    command(gcp_server, "state", id=job_id, state=state)
    found = [executor.get_job_status(job_id) for _ in range(3)]

    assert found == [JobStatus.RUNNING] * 3
    told = [record.message for record in caplog.records if str(state) in record.message]
    assert told == [f"Dataproc says that the job {job_id} is {state}; taken for RUNNING."]


def test_every_state_of_the_sdk_is_known() -> None:
    of_jobs = set(DataprocStatus.State.__members__) - {"STATE_UNSPECIFIED"}
    of_batches = set(Batch.State.__members__) - {"STATE_UNSPECIFIED"}

    assert of_jobs == STATES.keys()
    assert of_batches == STATES_OF_BATCHES.keys()


def test_secret_in_a_property_is_refused(gcp_server: GcpServer, tmp_path: Path) -> None:
    executor = batch_executor(gcp_server, properties={"spark.key": gcp_server.key()})
    asked_of_dataproc(gcp_server)

    with pytest.raises(PackageError, match=r"settings of the job holds the secret GcpConfig"):
        executor.submit_job(written(tmp_path, HELLO))

    assert asked_of_dataproc(gcp_server) == []


def test_missing_cluster_is_an_error_that_says_what_to_do(
    gcp_server: GcpServer, tmp_path: Path
) -> None:
    executor = Provider(config=gcp_server.config()).executor("no-etl", config=DataprocConfig())

    for job in (written(tmp_path, HELLO), os.getcwd):
        with pytest.raises(
            JobError, match=r"on the cluster 'no-etl': .*clusters/no-etl\. Make it by executor\.dep"
        ):
            executor.submit_job(job)


@pytest.mark.parametrize("version", ["2.2", "3.0"])
def test_account_of_a_job_is_the_configs(
    gcp_server: GcpServer, tmp_path: Path, version: str
) -> None:
    account = "jobs@glacier-test.iam.gserviceaccount.com"
    gcp_server.key(account)
    gcp_server.grant(account, "roles/storage.objectUser")
    source = """
        import json, os, urllib.request
        place = os.environ["GCE_METADATA_HOST"] + "/computeMetadata/v1/instance/service-accounts"
        url, headers = f"http://{place}/default/email", {"Metadata-Flavor": "Google"}
        request = urllib.request.Request(url, headers=headers)
        print(urllib.request.urlopen(request).read().decode())
    """
    executor = batch_executor(gcp_server, service_account=account, image_version=version)

    _, log = ended(executor, written(tmp_path, source))

    assert log == f"{account}\n"


def test_log_that_may_not_be_read_names_the_role(gcp_server: GcpServer, tmp_path: Path) -> None:
    executor = batch_executor(gcp_server)
    job_id = executor.submit_job(written(tmp_path, HELLO))
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    viewer = "viewer@glacier-test.iam.gserviceaccount.com"
    gcp_server.grant(viewer, "roles/dataproc.viewer")
    config = gcp_server.config(service_account_key=gcp_server.key(viewer))

    other = Provider(config=config).executor("etl", config=executor.config)

    with pytest.raises(
        JobError, match=rf"The log of {job_id} .*{viewer} the role roles/storage\.objectViewer"
    ):
        other.get_job_logs(job_id)


def test_field_that_the_api_has_not_is_named(gcp_server: GcpServer, tmp_path: Path) -> None:
    executor = batch_executor(gcp_server, overrides={"batch": {"runtimeConf": {}}})

    with pytest.raises(ConfigError, match=r'no such batch: .*"runtimeConf".*overrides=\{\'batch\''):
        executor.submit_job(written(tmp_path, HELLO))
