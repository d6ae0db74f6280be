"""Tasks and functions on Dataproc: what they compute, where, with whose code and as whom."""

import json
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
from tests.glacier_gcp.dataproc import (
    LIMIT_SECONDS,
    arguments_of,
    asked_of_dataproc,
    batch_executor,
    cluster_executor,
    jobs_of,
    staged,
    until,
    written,
)
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.accounts import MACHINE
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Proxy, drop

SUBMITTED = {"spark.master": "local[1]"}
"""Has the rig start a job by `spark-submit`, with a Spark of its own."""

SALES = pl.DataFrame({"day": [1, 1, 2], "amount": [120, 45, 80]})


@pytest.fixture
def sales(provider: Provider, lake: Objects) -> Bucket:
    bucket = provider.bucket(lake.name)
    (bucket / "sales.parquet").write(SALES)
    return bucket


@pytest.fixture
def executor(gcp_server: GcpServer, provider: Provider) -> Executor:
    return cluster_executor(gcp_server, provider)


def adding_up(executor: Executor, lake: Bucket) -> Any:
    """Return a pipeline that reads here and there, computes there, and writes there."""
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


def test_tasks_read_compute_and_write_on_a_cluster(
    gcp_server: GcpServer, executor: Executor, sales: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    """One job for both; it leaves scripts alone."""
    caplog.set_level(logging.INFO, "glacier.jobs")
    expected = pl.DataFrame({"day": [1, 2], "amount": [165, 80]})
    before = set(staged(gcp_server))

    with adding_up(executor, sales).run() as run:
        sums = run.result["sums"].collect()

    (job,) = run.jobs
    assert (job.status, job.tasks) == (JobStatus.SUCCEEDED, ("daily", "save"))
    assert_frame_equal(sums, expected)
    assert_frame_equal((sales / "daily.parquet").read(), expected)
    assert "computed by" in job.log
    assert f"computed by {os.getpid()}\n" not in job.log
    assert any("computed by" in record.message for record in caplog.records)
    # Its own Glacier is not there: what it imported has travelled.
    assert "/glacier-job-" in run.result["glacier"]
    assert len(jobs_of(gcp_server, executor)) == 1
    left = set(staged(gcp_server)) - before
    assert {key.split("/")[1] for key in left} <= {"dataproc", "scripts"}


def test_tasks_run_once_in_a_batch_though_an_answer_was_lost(
    gcp_server: GcpServer, sales: Bucket
) -> None:
    with Proxy(gcp_server.endpoint) as proxy:
        lost = proxy.on(drop, method="POST", path=r"/batches$", times=1)
        provider = Provider(config=gcp_server.config(endpoint=proxy.endpoint))
        executor = batch_executor(gcp_server, provider)
        lake = provider.bucket(sales.bucket_name)

        with adding_up(executor, lake).run() as run:
            sums = run.result["sums"].collect()

    assert sums.rows() == [(1, 165), (2, 80)]
    assert [job.log.count("computed by") for job in run.jobs] == [1]
    assert lost.played == 1


def test_failure_over_there_comes_back_with_its_traceback(
    executor: Executor, sales: Bucket
) -> None:
    @task(executor=executor)
    def broken(sales: pl.LazyFrame) -> int:
        return int(sales.collect().height / 0)

    @pipeline
    def breaking() -> int:
        return broken((sales / "sales.parquet").scan())

    with pytest.raises(RunError, match="ZeroDivisionError: division by zero") as failure:
        breaking.run()

    cause = failure.value.run.errors["broken"].__cause__
    assert "in broken" in getattr(cause, "remote_traceback", "")


def test_process_that_was_killed_over_there_is_a_job_that_died(executor: Executor) -> None:
    def crash() -> None:
        print("about to", flush=True)
        os.kill(os.getpid(), 9)

    job_id = executor.submit_job(crash)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    with pytest.raises(
        JobError, match=r"(?s)without a result \(FAILED\).*about to.*exited with -9"
    ):
        executor.get_job_result(job_id)
    assert status is JobStatus.FAILED


def test_config_over_there_has_the_identity_of_the_machine(executor: Executor) -> None:
    provider = executor.provider

    def identity() -> tuple[str, bool]:
        from typing import cast

        from glacier.config import GcpConfig
        from glacier_gcp.session import session_of

        session = session_of(cast("GcpConfig", provider.config))
        token, _ = session.token()
        return getattr(session.credentials, "service_account_email", ""), bool(token)

    job_id = executor.submit_job(identity)
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    with executor.get_job_result(job_id) as result:
        assert result.value == (MACHINE, True)


@pytest.mark.parametrize(
    ("is_serverless", "version", "kind"), [(False, "2.1", "image"), (True, "1.1", "runtime")]
)
def test_runtime_with_an_old_python_gets_nothing_of_a_task(
    gcp_server: GcpServer,
    provider: Provider,
    sales: Bucket,
    version: str,
    kind: str,
    *,
    is_serverless: bool,
) -> None:
    executor = (
        batch_executor(gcp_server, provider, image_version=version, container_image=None)
        if is_serverless
        else cluster_executor(gcp_server, provider, content=[], image_version=version)
    )
    adding = adding_up(executor, sales)
    message = rf"{kind} {version}, which runs Python 3\.10; .*image_version=\"2\.2\""
    gcp_server.requests(forget=True)

    with pytest.raises(JobError, match=message):
        executor.submit_job(os.getcwd)
    with pytest.raises(JobError, match=message):
        adding.run()
    asked = gcp_server.requests(forget=True)
    report = adding.check()

    assert asked == []
    assert f"{kind} {version}, which runs Python 3.10" in str(report)


def test_runtime_with_an_old_python_runs_plain_scripts(
    gcp_server: GcpServer, tmp_path: Path
) -> None:
    executor = batch_executor(gcp_server, image_version="1.1", container_image=None)

    job_id = executor.submit_job(written(tmp_path, "print('hello')"))

    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.SUCCEEDED
    assert executor.get_job_logs(job_id) == "hello\n"


def test_function_by_its_value_is_refused_where_python_is_another(
    gcp_server: GcpServer,
) -> None:
    version = "2.2" if sys.version_info[:2] != (3, 12) else None
    executor = (
        batch_executor(gcp_server, container_image=None, image_version=version)
        if version
        else cluster_executor(gcp_server)
    )

    with pytest.raises(PackageError, match=r"by their value.* executor runs Python 3\.1[12] while"):
        executor.submit_job(lambda: 1)


def test_no_secret_is_in_anything_that_reaches_dataproc(
    gcp_server: GcpServer, executor: Executor, tmp_path: Path
) -> None:
    show = "import sys; print(sys.argv)"
    function = executor.submit_job(os.getcwd)
    script = executor.submit_job(
        {"script": written(tmp_path, show), "args": ["a"], "environment": {"COLOUR": "blue"}}
    )
    for job_id in (function, script):
        executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    secret = json.loads(gcp_server.key())["private_key"].splitlines()[5]
    contents = staged(gcp_server)
    jobs = jobs_of(gcp_server, executor)
    told = [str(jobs), executor.get_job_logs(script)]

    assert any(name.endswith("/code.zip") for name in contents)
    assert all("--glacier-run" in arguments_of(job["pysparkJob"]) for job in jobs)
    assert "blue" not in told[0]
    assert not any(secret in text for text in told)
    assert not any(secret.encode() in content for content in contents.values())


def test_job_of_a_dead_run_is_found_and_stopped_from_a_shell(
    gcp_server: GcpServer, executor: Executor, tmp_path: Path, state_directory: Path
) -> None:
    job_id = executor.submit_job(written(tmp_path, "import threading; threading.Event().wait()"))
    run = Run("nightly")
    run.jobs = [JobRun(job_id, executor.name, ("load",), "gs://staging/", JobStatus.RUNNING)]
    record = RunRecord(run)
    record.note(executor, run.jobs[0])
    record.close()
    glacier = Path(sys.executable).with_name("glacier")
    environment = {**os.environ, **gcp_server.environment, "GLACIER_STATE": str(state_directory)}

    def told(*options: str) -> "subprocess.CompletedProcess[str]":
        words = [str(glacier), "jobs", *options]
        return subprocess.run(words, env=environment, capture_output=True, text=True, check=False)

    before = told("--cancel")

    assert before.stderr == ""
    assert "nightly" in before.stdout
    assert executor.wait(job_id, timeout_seconds=LIMIT_SECONDS) is JobStatus.CANCELLED
    assert told().returncode == 0
    assert list(left_behind()) == []


def test_cancelled_run_stops_its_job(gcp_server: GcpServer, executor: Executor) -> None:
    @task(executor=executor)
    def endless() -> None:
        import threading

        print("begun", flush=True)
        threading.Event().wait()

    @task
    def failing() -> None:
        def has_begun() -> bool:
            jobs = jobs_of(gcp_server, executor)
            return bool(jobs) and "begun" in executor.get_job_logs(jobs[0]["reference"]["jobId"])

        assert until(has_begun)
        raise ValueError("enough")

    @pipeline
    def both() -> None:
        endless()
        failing()

    with pytest.raises(RunError, match="enough") as failure:
        both.run()

    assert [job.status for job in failure.value.run.jobs] == [JobStatus.CANCELLED]
    assert until(lambda: jobs_of(gcp_server, executor)[0]["status"]["state"] == "CANCELLED")


def test_narwhals_task_has_spark_read_the_lake(executor: Executor, sales: Bucket) -> None:
    @task(executor=executor)
    def doubled(sales: nw.LazyFrame[Any]) -> nw.LazyFrame[Any]:
        return sales.with_columns(nw.col("amount") * 2)

    @pipeline
    def doubling() -> Any:
        scan: Any = (sales / "sales.parquet").scan()  # its task gets it as Narwhals' frame
        return doubled(scan)

    assert "sales.parquet, which Spark reads itself" in str(doubling.plan())


def test_spark_of_the_job_is_that_which_the_function_finds(
    java: None, gcp_server: GcpServer, provider: Provider
) -> None:
    """As on Dataproc, `spark-submit` starts the launcher."""
    executor = cluster_executor(gcp_server, provider, properties=SUBMITTED)

    def count() -> tuple[str | None, int]:
        from pyspark.sql import SparkSession

        session = SparkSession.builder.getOrCreate()
        return session.sparkContext.master, session.range(7).count()

    job_id = executor.submit_job(count)
    executor.wait(job_id, timeout_seconds=4 * LIMIT_SECONDS)

    assert executor.get_job_result(job_id).value == ("local[1]", 7)


def test_asking_for_a_state_is_one_request(
    gcp_server: GcpServer, executor: Executor, tmp_path: Path
) -> None:
    job_id = executor.submit_job(written(tmp_path, "print('hello')"))
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    asked_of_dataproc(gcp_server)

    executor.get_job_status(job_id)

    assert asked_of_dataproc(gcp_server) == [f"GET jobs/{job_id}"]
