"""Tasks and functions on Synapse: what they compute, where, with whose code and as whom."""

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
from azure.storage.blob import BlobServiceClient
from polars.testing import assert_frame_equal

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.engine.leftovers import RunRecord, left_behind
from glacier.engine.result import JobRun, Run
from glacier.errors import JobError, PackageError, RunError
from glacier.job_status import JobStatus
from glacier_azure.storage.connection import DEVELOPMENT_KEY
from tests.executors.jobs import LIMIT_SECONDS, until, written
from tests.glacier_azure.synapse import batches_of, command, staged, synapse_executor
from tests.rigs.azure.identity import MANAGED_IDENTITY
from tests.rigs.azure.server import AzureServer

SUBMITTED = {"conf": {"spark.master": "local[1]"}}
"""Has the rig start a job by `spark-submit`, with a Spark of its own."""

SALES = pl.DataFrame({"day": [1, 1, 2], "amount": [120, 45, 80]})


@pytest.fixture
def provider(azure: AzureServer) -> Provider:
    return Provider(config=azure.config())


@pytest.fixture
def lake(azure: AzureServer, provider: Provider) -> Bucket:
    name = f"lake-{uuid4().hex}"
    client = BlobServiceClient(azure.azurite.endpoint, credential=DEVELOPMENT_KEY)
    client.create_container(name)
    bucket = provider.bucket(name)
    (bucket / "sales.parquet").write(SALES)
    return bucket


@pytest.fixture
def executor(azure: AzureServer, provider: Provider) -> Executor:
    return synapse_executor(azure, provider)


def adding_up(executor: Executor, lake: Bucket) -> Any:
    """Return a pipeline that reads Azure here and there, computes there, and writes there."""
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
    azure: AzureServer, executor: Executor, lake: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    """One batch for both, though an answer was lost; it leaves scripts and its log alone."""
    caplog.set_level(logging.INFO, "glacier.jobs")
    expected = pl.DataFrame({"day": [1, 2], "amount": [165, 80]})
    before = set(staged(azure))
    command(azure, "lose", "drop")

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
    assert len(batches_of(azure, executor)) == 1
    left = set(staged(azure)) - before
    assert {key.split("/")[1] for key in left} <= {"synapse", "scripts", "logs"}


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
        JobError, match=r"(?s)without a result \(FAILED\).*about to.*exited with -9"
    ):
        executor.get_job_result(job_id)
    assert status is JobStatus.FAILED


def test_config_over_there_has_the_identity_of_the_pool(
    executor: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = executor.provider

    def identity() -> tuple[str, str, bool]:
        import base64
        import json
        from typing import cast

        from glacier.config import AzureConfig
        from glacier_azure.session import session_of

        session = session_of(cast("AzureConfig", provider.config))
        token = session.token_credential.get_token("https://storage.azure.com/.default")
        claims = json.loads(base64.urlsafe_b64decode(token.token.split(".")[1] + "=="))
        return claims["oid"], claims["aud"], token.expires_on == claims["exp"]

    job_id = executor.submit_job(identity)
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    with executor.get_job_result(job_id) as result:
        assert result.value == (MANAGED_IDENTITY, "https://storage.azure.com", True)


@pytest.mark.parametrize("version", ["3.4", "3.3"])
def test_runtime_with_an_old_python_gets_nothing_of_a_task(
    azure: AzureServer, provider: Provider, lake: Bucket, version: str
) -> None:
    executor = synapse_executor(azure, provider, spark_version=version)
    adding = adding_up(executor, lake)
    message = rf"Synapse's Spark {version}, which runs Python 3\.10; .*spark_version=\"3\.5\""
    azure.requests(forget=True)

    with pytest.raises(JobError, match=message):
        executor.submit_job(os.getcwd)
    with pytest.raises(JobError, match=message):
        adding.run()
    asked = azure.requests(forget=True)
    report = adding.check()

    assert asked == []
    assert f"Synapse's Spark {version}, which runs Python 3.10" in str(report)


def test_runtime_with_an_old_python_runs_plain_scripts(
    azure: AzureServer, provider: Provider, tmp_path: Path
) -> None:
    executor = synapse_executor(azure, provider, spark_version="3.4")

    job_id = executor.submit_job(written(tmp_path, "print('hello')"))

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert executor.get_job_logs(job_id) == "hello\n"


@pytest.mark.skipif(
    "{}.{}".format(*sys.version_info) == "3.11", reason="the runtime has this very Python"
)
def test_function_by_its_value_is_refused_where_python_is_another(executor: Executor) -> None:
    with pytest.raises(PackageError, match=r"by their value.* executor runs Python 3\.11 while"):
        executor.submit_job(lambda: 1)


def test_no_secret_is_in_anything_that_reaches_synapse(
    azure: AzureServer, executor: Executor, tmp_path: Path
) -> None:
    show = "import sys; print(sys.argv)"
    function = executor.submit_job(os.getcwd)
    script = executor.submit_job(
        {"script": written(tmp_path, show), "args": ["a"], "environment": {"COLOUR": "blue"}}
    )
    for job_id in (function, script):
        executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    contents = staged(azure)
    told = [str(batches_of(azure, executor)), executor.get_job_logs(script)]

    assert any(name.endswith("/code.zip") for name in contents)
    assert "'--glacier-run'" in told[0]
    assert not any(DEVELOPMENT_KEY in text for text in told)
    assert not any(DEVELOPMENT_KEY.encode() in content for content in contents.values())


def test_job_of_a_dead_run_is_found_and_stopped_from_a_shell(
    azure: AzureServer, executor: Executor, tmp_path: Path, state_directory: Path
) -> None:
    job_id = executor.submit_job(written(tmp_path, "import threading; threading.Event().wait()"))
    run = Run("nightly")
    run.jobs = [JobRun(job_id, executor.name, ("load",), "abfs://staging/", JobStatus.RUNNING)]
    record = RunRecord(run)
    record.note(executor, run.jobs[0])
    record.close()
    glacier = Path(sys.executable).with_name("glacier")
    environment = {**os.environ, **azure.environment, "GLACIER_STATE": str(state_directory)}

    def told(*options: str) -> "subprocess.CompletedProcess[str]":
        words = [str(glacier), "jobs", *options]
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    before = told("--cancel")

    assert before.stderr == ""
    assert "nightly" in before.stdout
    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.CANCELLED
    assert told().returncode == 0
    assert list(left_behind()) == []


def test_cancelled_run_stops_its_job(azure: AzureServer, executor: Executor, lake: Bucket) -> None:
    @task(executor=executor)
    def endless() -> None:
        import threading

        print("begun")
        threading.Event().wait()

    @task
    def failing() -> None:
        def has_begun() -> bool:
            return bool(batches_of(azure, executor)) and "begun" in executor.get_job_logs("0")

        assert until(has_begun)
        raise ValueError("enough")

    @pipeline
    def both() -> None:
        endless()
        failing()

    with pytest.raises(RunError, match="enough") as failure:
        both.run()

    assert [job.status for job in failure.value.run.jobs] == [JobStatus.CANCELLED]
    assert until(lambda: batches_of(azure, executor)[0]["result"] == "Cancelled")


def test_narwhals_task_has_spark_read_the_lake(executor: Executor, lake: Bucket) -> None:
    @task(executor=executor)
    def doubled(sales: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return sales.with_columns(nw.col("amount") * 2)

    @pipeline
    def doubling() -> Any:
        sales: Any = (lake / "sales.parquet").scan()  # its task gets it as Narwhals' frame
        return doubled(sales)

    assert "sales.parquet, which Spark reads itself" in str(doubling.plan())


def test_spark_that_has_started_the_launcher_is_up_for_the_script(
    java: None, azure: AzureServer, tmp_path: Path
) -> None:
    """As on a pool, `spark-submit` starts it, and would wait for a session in vain."""
    executor = synapse_executor(azure, overrides=SUBMITTED)
    source = """
        from pyspark.sql import SparkSession
        session = SparkSession.getActiveSession()
        print("rows:", session.range(7).count())
    """

    job_id = executor.submit_job(written(tmp_path, source))
    status = executor.wait(job_id, timeout_seconds=4 * LIMIT_SECONDS)

    assert status is JobStatus.SUCCEEDED
    assert "rows: 7\n" in executor.get_job_logs(job_id)
