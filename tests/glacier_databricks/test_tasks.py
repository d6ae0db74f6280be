"""Tasks and functions on Databricks: what they compute, where, with whose code and as whom."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import narwhals as nw
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.engine.leftovers import RunRecord, left_behind
from glacier.engine.result import JobRun, Run
from glacier.errors import JobError, PackageError, RunError
from glacier.job_status import JobStatus
from tests.executors.jobs import LIMIT_SECONDS, until, written
from tests.glacier_aws.glue import staged
from tests.rigs.aws.server import SECRET_KEY, AwsServer
from tests.rigs.databricks.server import VOLUME, DatabricksServer, DatabricksWorkspace

SALES = pl.DataFrame({"day": [1, 1, 2], "amount": [120, 45, 80]})
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


def adding_up(executor: Executor, lake: Bucket) -> Any:
    """Return a pipeline that reads S3 here and there, computes there, and writes there."""
    target = lake / "daily.parquet"

    @task
    def load() -> pl.LazyFrame:
        return (lake / "sales.parquet").scan()

    @task(executor=executor)
    def daily(sales: pl.LazyFrame) -> pl.LazyFrame:
        print("computed by", os.getpid())
        return sales.group_by("day").agg(pl.col("amount").sum()).sort("day")

    @task(executor=executor)
    def save(daily: pl.LazyFrame) -> str:
        import glacier

        target.write(daily)
        return glacier.__file__

    @pipeline
    def adding() -> dict[str, Any]:
        sums = daily(load())
        return {"sums": sums, "glacier": save(sums)}

    return adding


def test_tasks_read_compute_and_write_over_there(
    workspace: DatabricksWorkspace,
    executor: Executor,
    lake: Bucket,
    aws_server: AwsServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One run for both, though an answer was lost; it leaves nothing in staging."""
    caplog.set_level(logging.INFO, "glacier.jobs")
    expected = pl.DataFrame({"day": [1, 2], "amount": [165, 80]})
    before = set(staged(aws_server))
    workspace.fault("runs/submit", "drop")

    with adding_up(executor, lake).run() as run:
        sums = run.result["sums"].collect()

    (job,) = run.jobs
    assert (job.status, job.tasks) == (JobStatus.SUCCEEDED, ("daily", "save"))
    assert_frame_equal(sums, expected)
    assert_frame_equal((lake / "daily.parquet").read(), expected)
    assert "computed by" in job.log
    assert f"computed by {os.getpid()}\n" not in job.log
    assert any("computed by" in record.message for record in caplog.records)
    # Its own Glacier is not there: what it imported has travelled.
    assert "/glacier-job-" in run.result["glacier"]
    assert len(workspace.runs()) == 1
    assert set(staged(aws_server)) <= before


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


def test_failure_over_there_comes_back_with_its_traceback(executor: Executor, lake: Bucket) -> None:
    @task(executor=executor)
    def broken(sales: pl.LazyFrame) -> int:
        return int(sales.collect().height / 0)

    @pipeline
    def breaking() -> int:
        return broken((lake / "sales.parquet").scan())

    with pytest.raises(RunError, match="ZeroDivisionError: division by zero"):
        breaking.run()


def test_process_that_was_killed_over_there_is_a_job_that_died(executor: Executor) -> None:
    def crash() -> None:
        import time

        print("about to", flush=True)
        time.sleep(0.5)
        os.kill(os.getpid(), 9)

    job_id = executor.submit_job(crash)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    with pytest.raises(
        JobError, match=r"(?s)without a result \(FAILED\).*about to.*kernel is unresponsive"
    ):
        executor.get_job_result(job_id)
    assert status is JobStatus.FAILED


@pytest.mark.parametrize("version", ["13.3.x-scala2.12", "14.3.x-scala2.12"])
def test_runtime_with_an_old_python_gets_nothing_of_a_task(
    workspace: DatabricksWorkspace,
    provider: Provider,
    lake: Bucket,
    aws_server: AwsServer,
    databricks_server: DatabricksServer,
    version: str,
) -> None:
    executor = provider.executor("old", config=workspace.config(spark_version=version))
    adding = adding_up(executor, lake)
    message = rf"is Databricks Runtime {version}, which runs Python 3\.10; .*\"15\.4\.x-scala2\.12"
    for server in (aws_server, databricks_server):
        server.requests(forget=True)

    with pytest.raises(JobError, match=message):
        executor.submit_job(os.getcwd)
    with pytest.raises(JobError, match=message):
        adding.run()
    asked = aws_server.requests(forget=True) + databricks_server.requests(forget=True)
    report = adding.check()

    assert asked == []
    assert f"is Databricks Runtime {version}, which runs Python 3.10" in str(report)


def test_environment_of_serverless_compute_with_an_old_python_is_refused(
    workspace: DatabricksWorkspace, provider: Provider
) -> None:
    config = workspace.config(serverless=True, environment_version="1", volume=VOLUME)
    executor = provider.executor("old", config=config)

    with pytest.raises(JobError, match=r"environment 1, which runs Python 3\.10; .*version=\"2\""):
        executor.submit_job(os.getcwd)


def test_runtime_with_an_old_python_runs_plain_scripts(
    workspace: DatabricksWorkspace, provider: Provider, tmp_path: Path
) -> None:
    config = workspace.config(spark_version="13.3.x-scala2.12")
    executor = provider.executor("old", config=config)

    job_id = executor.submit_job(written(tmp_path, "print('hello')"))

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert executor.get_job_logs(job_id) == "hello\n"


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


def test_job_of_a_dead_run_is_found_and_stopped_from_a_shell(
    workspace: DatabricksWorkspace,
    executor: Executor,
    aws_server: AwsServer,
    tmp_path: Path,
    state_directory: Path,
) -> None:
    job_id = executor.submit_job(written(tmp_path, "import threading; threading.Event().wait()"))
    run = Run("nightly")
    run.jobs = [JobRun(job_id, executor.name, ("load",), "s3://staging/", JobStatus.RUNNING)]
    record = RunRecord(run)
    record.note(executor, run.jobs[0])
    record.close()
    glacier = Path(sys.executable).with_name("glacier")
    environment = {
        **os.environ,
        **aws_server.environment,
        **workspace.environment,
        "GLACIER_STATE": str(state_directory),
    }

    def told(*options: str) -> "subprocess.CompletedProcess[str]":
        words = [str(glacier), "jobs", *options]
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    before = told("--cancel")

    assert before.stderr == ""
    assert "nightly" in before.stdout
    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.CANCELLED
    assert told().returncode == 0
    assert list(left_behind()) == []


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


def test_cancelled_run_stops_its_job(
    workspace: DatabricksWorkspace, executor: Executor, lake: Bucket, tmp_path: Path
) -> None:
    begun = tmp_path / "begun"

    @task(executor=executor)
    def endless() -> None:
        import threading

        begun.touch()
        threading.Event().wait()

    @task
    def failing() -> None:
        assert until(begun.exists)
        raise ValueError("enough")

    @pipeline
    def both() -> None:
        endless()
        failing()

    with pytest.raises(RunError, match="enough") as failure:
        both.run()

    assert [job.status for job in failure.value.run.jobs] == [JobStatus.CANCELLED]
    assert until(lambda: workspace.runs()[0]["state"].get("result_state") == "CANCELED")


def test_narwhals_task_has_spark_read_the_lake(executor: Executor, lake: Bucket) -> None:
    @task(executor=executor)
    def doubled(sales: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return sales.with_columns(nw.col("amount") * 2)

    @pipeline
    def doubling() -> Any:
        sales: Any = (lake / "sales.parquet").scan()  # its task gets it as Narwhals' frame
        return doubled(sales)

    assert "sales.parquet, which Spark reads itself" in str(doubling.plan())


def test_function_has_a_spark_over_there(java: None, executor: Executor) -> None:
    def squares() -> pl.DataFrame:
        from glacier.jobs.spark_session import spark_session

        rows = spark_session().range(4).selectExpr("id", "id * id AS square")
        return pl.DataFrame(rows.toArrow())

    job_id = executor.submit_job(squares)
    executor.wait(job_id, timeout_seconds=4 * LIMIT_SECONDS)

    with executor.get_job_result(job_id) as result:
        assert result.value.sort("id")["square"].to_list() == [0, 1, 4, 9]
