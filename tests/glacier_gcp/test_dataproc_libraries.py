"""What a job requires and its cluster or runtime lacks travels as wheels; the rest does not."""

import logging
import os
from importlib.metadata import version
from pathlib import Path

import pytest

from glacier import Executor, Provider
from glacier.adapters import ScriptJob
from glacier.config import DataprocConfig
from glacier.errors import JobError
from glacier.job_status import JobStatus
from tests.executors.jobs import LIMIT_SECONDS, written
from tests.glacier_aws.lambda_wheels import make_wheel
from tests.glacier_gcp.dataproc import (
    batch_executor,
    batch_of,
    cluster_executor,
    jobs_of,
    staged,
)
from tests.rigs.gcp.server import GcpServer

POLARS = f"polars=={version('polars')}"
SHOWING = """
    import os
    import colours
    print(colours.NAME, os.path.basename(os.path.dirname(colours.__file__)))
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of wheels that is all that the installers know, and an empty cache."""
    directory = tmp_path / "index"
    directory.mkdir()
    (tmp_path / "uv.toml").write_text("no-index = true\n")  # no variable says so to uv
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    monkeypatch.setenv("UV_FIND_LINKS", str(directory))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    monkeypatch.setenv("GLACIER_CACHE", str(tmp_path / "cache"))
    make_wheel(
        directory,
        "colours",
        {"colours.py": "import shades\nNAME = shades.NAME\n"},
        requires=("shades",),
    )
    make_wheel(directory, "shades", {"shades.py": "NAME = 'dark'\n"})
    return directory


def submitted(executor: Executor, script: str, *requirements: str) -> str:
    """Submit a script that requires something, as the entrypoint of a task does."""
    return executor.adapter.submit_job(ScriptJob(Path(script), requirements=requirements))


def wheels_in(server: GcpServer) -> set[str]:
    return {name for name in staged(server) if "/wheels/" in name}


def test_cluster_that_has_everything_gets_no_wheels(
    gcp_server: GcpServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "glacier.jobs")
    executor = cluster_executor(gcp_server)

    job_id = executor.submit_job(os.getcwd)

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    (job,) = jobs_of(gcp_server, executor)
    assert job["pysparkJob"]["archiveUris"] == []
    assert job["pysparkJob"]["properties"] == {}
    assert not any("lack" in record.message for record in caplog.records)


def test_what_a_cluster_lacks_travels_once_and_is_found(
    gcp_server: GcpServer, tmp_path: Path, index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "glacier.jobs")
    executor = cluster_executor(gcp_server)
    script = written(tmp_path, SHOWING)

    job_id = submitted(executor, script, "colours==1.0", POLARS)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    before = wheels_in(gcp_server)
    submitted(executor, script, "colours==1.0", POLARS)

    pyspark = jobs_of(gcp_server, executor)[0]["pysparkJob"]
    (archive,) = pyspark["archiveUris"]
    assert executor.get_job_logs(job_id) == "dark glacier_wheels\n"
    assert status is JobStatus.SUCCEEDED
    assert archive.endswith(".zip#glacier_wheels")
    assert wheels_in(gcp_server) == before
    assert pyspark["properties"] == {"spark.executorEnv.PYTHONPATH": "./glacier_wheels"}
    (told,) = {one for one in caplog.messages if "which travel as wheels" in one}
    assert f"the cluster {executor.name!r} lacks colours==1.0, which travel" in told


def test_batch_gets_all_it_requires_and_the_configs_packages(
    gcp_server: GcpServer, tmp_path: Path, index: Path
) -> None:
    executor = batch_executor(gcp_server, container_image=None, packages=["colours==1.0"])
    script = written(tmp_path, SHOWING)

    job_id = executor.submit_job(script)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    (archive,) = batch_of(gcp_server, job_id)["pysparkBatch"]["archiveUris"]
    assert executor.get_job_logs(job_id) == "dark glacier_wheels\n"
    assert status is JobStatus.SUCCEEDED
    assert archive.endswith(".zip#glacier_wheels")


def test_image_of_ones_own_gets_no_wheels(gcp_server: GcpServer) -> None:
    executor = batch_executor(gcp_server)

    job_id = executor.submit_job(os.getcwd)

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert batch_of(gcp_server, job_id)["pysparkBatch"]["archiveUris"] == []


def test_cluster_that_nobody_may_ask_about_is_sent_everything(
    gcp_server: GcpServer, tmp_path: Path, index: Path, caplog: pytest.LogCaptureFixture
) -> None:
    submitter = "submitter@glacier-test.iam.gserviceaccount.com"
    role = "projects/glacier-test/roles/submitter"
    gcp_server.define_role(role, "dataproc.jobs.create", "dataproc.jobs.get", "dataproc.jobs.list")
    gcp_server.grant(submitter, role)
    gcp_server.grant(submitter, "roles/storage.admin")
    cluster = cluster_executor(gcp_server)
    config = gcp_server.config(service_account_key=gcp_server.key(submitter))
    executor = Provider(config=config).executor(cluster.name, config=DataprocConfig())

    job_id = submitted(executor, written(tmp_path, SHOWING), "colours==1.0")

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert any("may not be read, so that all" in one for one in caplog.messages)


def test_requirement_without_a_wheel_names_the_alternative(
    gcp_server: GcpServer, tmp_path: Path, index: Path
) -> None:
    executor = cluster_executor(gcp_server)
    message = (
        r"requires nothing-of-that-name==1\.0, and no wheel of nothing\S* was found for Python "
        r"3\.11 on x86_64\. Have the cluster install it: name it in DataprocConfig\(packages="
    )

    with pytest.raises(JobError, match=message):
        submitted(executor, written(tmp_path, "pass"), "nothing-of-that-name==1.0")

    assert jobs_of(gcp_server, executor) == []


def test_cluster_of_others_with_an_old_image_gets_nothing_of_a_task(
    gcp_server: GcpServer, tmp_path: Path
) -> None:
    old = cluster_executor(gcp_server, content=[], image_version="2.1")
    provider = Provider(config=gcp_server.config())
    executor = provider.executor("etl", config=DataprocConfig(cluster_name=old.name))

    with pytest.raises(JobError, match=r"image 2\.1\S*, whose Python is too old.* 2\.2 or later"):
        executor.submit_job(os.getcwd)
    job_id = executor.submit_job(written(tmp_path, "print('hello')"))

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED


def test_packages_that_a_cluster_of_others_lacks_travel_with_scripts_too(
    gcp_server: GcpServer, tmp_path: Path, index: Path
) -> None:
    theirs = cluster_executor(gcp_server, content=[])
    provider = Provider(config=gcp_server.config())
    config = DataprocConfig(cluster_name=theirs.name, packages=["colours==1.0"])
    executor = provider.executor("etl", config=config)

    job_id = executor.submit_job(written(tmp_path, SHOWING))

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert executor.get_job_logs(job_id) == "dark glacier_wheels\n"
