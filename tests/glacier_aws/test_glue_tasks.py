"""Tasks and functions on Glue: what they compute, where, with whose code and as whom."""

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

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
from tests.glacier_aws.glue import (
    client,
    command,
    glue_executor,
    job_of,
    policy_of,
    runs_of,
    staged,
)
from tests.rigs.aws.permissions import is_permitted
from tests.rigs.aws.server import ACCESS_KEY, SECRET_KEY, AwsServer

SALES = pl.DataFrame({"day": [1, 1, 2], "amount": [120, 45, 80]})
OTHER_PYTHON = {"3.11": "6.0", "3.13": "5.0"}
"""A Glue whose Python is another one than this."""


@pytest.fixture
def provider(aws_server: AwsServer) -> Provider:
    return Provider(config=aws_server.config())


@pytest.fixture
def lake(provider: Provider, request: pytest.FixtureRequest) -> Bucket:
    bucket = provider.bucket(f"lake-{abs(hash(request.node.name))}")
    bucket.deploy()
    (bucket / "sales.parquet").write(SALES)
    return bucket


@pytest.fixture
def executor(aws_server: AwsServer, provider: Provider) -> Executor:
    return glue_executor(aws_server, provider)


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
    executor: Executor, lake: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "glacier.jobs")
    expected = pl.DataFrame({"day": [1, 2], "amount": [165, 80]})

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


def test_run_leaves_scripts_alone_in_staging(
    aws_server: AwsServer, executor: Executor, lake: Bucket
) -> None:
    before = set(staged(aws_server))

    adding_up(executor, lake).run().close()

    left = set(staged(aws_server)) - before
    assert {key.split("/")[1] for key in left} <= {"glue", "scripts"}


def test_role_suffices_for_all_that_a_run_asks_of_s3(
    aws_server: AwsServer, executor: Executor, lake: Bucket
) -> None:
    aws_server.requests(forget=True)

    adding_up(executor, lake).run().close()

    asked = [
        one
        for one in aws_server.requests()
        if not one["target"] and one["access_key"] not in {"", ACCESS_KEY, "glue"}
    ]
    statements = policy_of(aws_server, job_of(aws_server, executor)["Role"])
    refused = [one for one in asked if not is_permitted(one, statements)]
    assert len(asked) > 10
    assert refused == []


def test_pins_name_all_that_a_task_imports(
    aws_server: AwsServer, executor: Executor, lake: Bucket
) -> None:
    adding_up(executor, lake).run().close()

    modules = runs_of(aws_server, executor)[0]["Arguments"]["--additional-python-modules"]
    names = {pin.partition("==")[0] for pin in modules.split(",")}
    assert names >= {"polars", "s3fs", "fsspec", "pydantic", "cloudpickle"}
    assert not any(name.startswith("glacier") for name in names)


def test_pin_that_glue_cannot_install_fails_the_run(
    aws_server: AwsServer, provider: Provider
) -> None:
    overrides = {"DefaultArguments": {"--additional-python-modules": "tenacity==0.0.1"}}
    executor = glue_executor(aws_server, provider, overrides=overrides)
    job_id = executor.submit_job(os.getcwd)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    with pytest.raises(JobError, match=r"ended without a result \(FAILED\)") as failure:
        executor.get_job_result(job_id)

    assert status is JobStatus.FAILED
    assert "Glue: FAILED: LAUNCH ERROR | pip: " in str(failure.value)
    assert "requirement tenacity==0.0.1" in str(failure.value)


def test_failure_over_there_comes_back_with_its_traceback(executor: Executor, lake: Bucket) -> None:
    @task(executor=executor)
    def broken(sales: pl.LazyFrame) -> int:
        return int(sales.collect().height / 0)

    @pipeline
    def breaking() -> int:
        return broken((lake / "sales.parquet").scan())

    with pytest.raises(RunError, match="ZeroDivisionError: division by zero"):
        breaking.run()


def test_lost_answer_does_not_run_a_task_twice(
    aws_server: AwsServer, executor: Executor, lake: Bucket
) -> None:
    executor.deploy()
    command(aws_server, "lose", "drop")

    adding_up(executor, lake).run().close()

    assert len(runs_of(aws_server, executor)) == 1


@pytest.mark.parametrize("version", ["4.0", "3.0"])
def test_glue_with_an_old_python_gets_nothing_of_a_task(
    aws_server: AwsServer, provider: Provider, lake: Bucket, version: str
) -> None:
    executor = glue_executor(aws_server, provider, glue_version=version)
    adding = adding_up(executor, lake)
    message = rf"is Glue {version}, which runs Python 3\.\d+; .*glue_version=\"5\.0\"\) or later"
    aws_server.requests(forget=True)

    with pytest.raises(JobError, match=message):
        executor.submit_job(os.getcwd)
    after_function = aws_server.requests(forget=True)
    with pytest.raises(JobError, match=message):
        adding.run()
    after_run = aws_server.requests(forget=True)
    report = adding.check()

    assert (after_function, after_run) == ([], [])
    assert f"{executor!r} is Glue {version}, which runs Python 3." in str(report)


def test_glue_with_an_old_python_runs_plain_scripts(
    aws_server: AwsServer, provider: Provider, tmp_path: Path
) -> None:
    executor = glue_executor(aws_server, provider, glue_version="4.0")

    job_id = executor.submit_job(written(tmp_path, "print('hello')"))

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert executor.get_job_logs(job_id).endswith("hello\n")


def test_function_by_its_value_is_refused_where_python_is_another(
    aws_server: AwsServer, provider: Provider
) -> None:
    here = "{}.{}".format(*sys.version_info)
    if here not in OTHER_PYTHON:
        pytest.skip(f"no other Glue is known to differ from Python {here}")
    executor = glue_executor(aws_server, provider, glue_version=OTHER_PYTHON[here])
    before = set(staged(aws_server))

    with pytest.raises(PackageError, match=r"by their value.* executor runs Python 3\.1[13] while"):
        executor.submit_job(lambda: 1)

    assert set(staged(aws_server)) == before


def test_no_secret_is_in_anything_that_reaches_glue(
    aws_server: AwsServer, executor: Executor, lake: Bucket, tmp_path: Path
) -> None:
    show = "import os, sys; print(sys.argv, sorted(os.environ))"
    run = adding_up(executor, lake).run()
    job_id = executor.submit_job(
        {"script": written(tmp_path, show), "args": ["a"], "environment": {"COLOUR": "blue"}}
    )
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    contents = staged(aws_server)
    told = [str(job_of(aws_server, executor)), str(runs_of(aws_server, executor))]
    told += [executor.get_job_logs(run["Id"]) for run in runs_of(aws_server, executor)]
    run.close()

    names = {key.rpartition("/")[2] for key in contents}
    assert names >= {"entrypoint.py", "header.json", "payload.pickle", "code.zip", "job.py"}
    assert "'--glacier-run'" in told[1]
    assert not any(SECRET_KEY in text for text in told)
    assert not any(SECRET_KEY.encode() in content for content in contents.values())
    assert not any(b"AKIDGLACIERTEST" in content for content in contents.values())


def test_job_of_a_dead_run_is_found_and_stopped_from_a_shell(
    aws_server: AwsServer, executor: Executor, tmp_path: Path, state_directory: Path
) -> None:
    job_id = executor.submit_job(written(tmp_path, "import threading; threading.Event().wait()"))
    run = Run("nightly")
    run.jobs = [JobRun(job_id, executor.name, ("load",), "s3://staging/", JobStatus.RUNNING)]
    record = RunRecord(run)
    record.note(executor, run.jobs[0])
    record.close()
    glacier = Path(sys.executable).with_name("glacier")
    environment = {**os.environ, **aws_server.environment, "GLACIER_STATE": str(state_directory)}

    def told(*options: str) -> "subprocess.CompletedProcess[str]":
        command = [str(glacier), "jobs", *options]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    before = told()
    told("--cancel")

    assert (before.returncode, before.stderr) == (1, "")
    assert "nightly" in before.stdout
    assert until(lambda: told().returncode == 0)
    assert executor.get_job_status(job_id) is JobStatus.CANCELLED
    assert list(left_behind()) == []


def test_narwhals_task_needs_a_connector_that_this_spark_lacks(
    java: None, executor: Executor, lake: Bucket
) -> None:
    @task(executor=executor)
    def doubled(sales: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return sales.with_columns(nw.col("amount") * 2)

    @pipeline
    def doubling() -> Any:
        sales: Any = (lake / "sales.parquet").scan()  # its task gets it as Narwhals' frame
        return doubled(sales)

    plan = doubling.plan()
    with pytest.raises(RunError, match="this Spark has no connector for s3a://"):
        doubling.run()

    assert "sales.parquet, which Spark reads itself" in str(plan)


def test_cancelled_run_stops_its_job(
    aws_server: AwsServer, executor: Executor, lake: Bucket
) -> None:
    @task(executor=executor)
    def endless() -> None:
        import threading

        print("begun")
        threading.Event().wait()

    @task
    def failing() -> None:
        def has_begun() -> bool:
            try:
                runs = runs_of(aws_server, executor)
            except client(aws_server, "glue").exceptions.EntityNotFoundException:
                return False
            return bool(runs) and "begun" in executor.get_job_logs(runs[0]["Id"])

        assert until(has_begun)
        raise ValueError("enough")

    @pipeline
    def both() -> None:
        endless()
        failing()

    with pytest.raises(RunError, match="enough") as failure:
        both.run()

    assert [job.status for job in failure.value.run.jobs] == [JobStatus.CANCELLED]
    assert runs_of(aws_server, executor)[0]["JobRunState"] == "STOPPED"
