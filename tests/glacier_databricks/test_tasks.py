"""Tasks and functions on Databricks: what they compute, where, with whose code and as whom."""

import os
import sys
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest

from glacier import Bucket, Executor, Provider
from glacier.engine.leftovers import RunRecord
from glacier.engine.result import JobRun, Run
from glacier.errors import JobError, PackageError
from glacier.job_status import JobStatus
from tests.executors.jobs import LIMIT_SECONDS, Staged, written
from tests.executors.task_cases import SALES, OldRuntime, TasksOnExecutors
from tests.glacier_aws.glue import staged
from tests.glacier_databricks.databricks import Platform
from tests.rigs.aws.server import SECRET_KEY, AwsServer
from tests.rigs.databricks.server import VOLUME, DatabricksWorkspace

OTHER_PYTHON = {"3.11": "16.4.x-scala2.12", "3.12": "15.4.x-scala2.12"}
"""A runtime whose Python is another one than this."""


@pytest.fixture
def lake(provider: Provider) -> Bucket:
    bucket = provider.bucket(f"lake-{uuid4().hex}")
    bucket.deploy()
    (bucket / "sales.parquet").write(SALES)
    return bucket


@pytest.fixture
def executor(workspace: DatabricksWorkspace, provider: Provider) -> Executor:
    return provider.executor("analytics", config=workspace.config())


class TestTasks(TasksOnExecutors):
    left = frozenset()
    killed = "kernel is unresponsive"

    @pytest.fixture
    def server(self, platform: Platform) -> Platform:
        return platform

    @pytest.fixture
    def staged(self, platform: Platform) -> Staged:
        return platform.staged

    @pytest.fixture(params=["14.3.x-scala2.12", "13.3.x-scala2.12"])
    def old(
        self, request: pytest.FixtureRequest, workspace: DatabricksWorkspace, provider: Provider
    ) -> OldRuntime:
        config = workspace.config(spark_version=request.param)
        executor = provider.executor("old", config=config)
        return OldRuntime(executor, f"Databricks Runtime {request.param}", r'"15\.4\.x-scala2\.12"')

    def job_ids(self, server: Platform, executor: Executor) -> list[str]:
        return server.job_ids()

    def is_stopped(self, server: Platform, executor: Executor) -> bool:
        return bool(server.workspace.runs()[-1]["state"].get("result_state") == "CANCELED")

    def lose_an_answer(self, server: Platform, executor: Executor) -> None:
        server.workspace.fault("runs/submit", "drop")


def test_pins_name_all_that_a_function_with_a_bucket_imports(
    workspace: DatabricksWorkspace, executor: Executor, lake: Bucket
) -> None:
    workspace.hold()

    executor.cancel_job(executor.submit_job({"function": print, "args": [lake]}))

    (run,) = workspace.runs()
    libraries = run["request"]["tasks"][0]["libraries"]
    names = {one["pypi"]["package"].partition("==")[0] for one in libraries}
    assert names >= {"polars", "s3fs", "fsspec", "pydantic", "cloudpickle"}
    assert not any(name.startswith("glacier") for name in names)


def test_environment_of_serverless_compute_with_an_old_python_is_refused(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    config = workspace.config(serverless=True, environment_version="1", volume=VOLUME)
    executor = provider.executor("old", config=config)

    with pytest.raises(JobError, match=r"environment 1, which runs Python 3\.10; .*version=\"2\""):
        executor.submit_job(os.getcwd)


def test_function_by_its_value_is_refused_where_python_is_another(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    here = "{}.{}".format(*sys.version_info)
    version = OTHER_PYTHON.get(here, OTHER_PYTHON["3.11"])
    executor = provider.executor("other", config=workspace.config(spark_version=version))

    with pytest.raises(PackageError, match=r"by their value.* executor runs Python 3\.1[12] while"):
        executor.submit_job(lambda: 1)

    assert workspace.runs() == []


def test_no_secret_is_in_anything_that_reaches_databricks(
    workspace: DatabricksWorkspace, executor: Executor, aws_server: AwsServer, tmp_path: Path
) -> None:
    show = "import os, sys; print(sys.argv, os.environ.get('COLOUR')); raise SystemExit(1)"
    workspace.hold()
    function = executor.submit_job(os.getcwd)
    script = executor.submit_job(
        {"script": written(tmp_path, show), "args": ["a"], "environment": {"COLOUR": "blue"}}
    )
    contents = staged(aws_server)
    workspace.go()
    for job_id in (function, script):
        executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    told = [str(workspace.runs()), executor.get_job_logs(script)]

    names = {key.rpartition("/")[2] for key in contents}
    assert names >= {"header.json", "payload.pickle", "code.zip"}
    assert "--glacier-token" in told[0]
    assert "'a'] blue" in told[1]
    for secret in (SECRET_KEY, workspace.token):
        assert not any(secret in text for text in told)
        assert not any(secret.encode() in content for content in contents.values())


def test_record_of_a_dead_run_holds_no_token(
    workspace: DatabricksWorkspace, executor: Executor, tmp_path: Path, state_directory: Path
) -> None:
    job_id = executor.submit_job(written(tmp_path, "print('hello')"))
    run = Run("nightly")
    run.jobs = [JobRun(job_id, executor.name, ("load",), "s3://staging/", JobStatus.RUNNING)]
    record = RunRecord(run)
    record.note(executor, run.jobs[0])
    record.close()

    contents = [path.read_bytes() for path in state_directory.rglob("*") if path.is_file()]
    assert contents
    assert not any(workspace.token.encode() in content for content in contents)
    assert not any(SECRET_KEY.encode() in content for content in contents)


def test_function_has_a_spark_over_there(java: None, executor: Executor) -> None:
    def squares() -> pl.DataFrame:
        from glacier.jobs.spark_session import spark_session

        rows = spark_session().range(4).selectExpr("id", "id * id AS square")
        return pl.DataFrame(rows.toArrow())

    job_id = executor.submit_job(squares)
    executor.wait(job_id, timeout_seconds=4 * LIMIT_SECONDS)

    with executor.get_job_result(job_id) as result:
        assert result.value.sort("id")["square"].to_list() == [0, 1, 4, 9]
