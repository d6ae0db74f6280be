"""Tasks and functions on Glue: what they compute, where, with whose code and as whom."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any

import narwhals as nw
import pytest

from glacier import Bucket, Executor, Provider, pipeline, task
from glacier.errors import JobError, PackageError, RunError
from glacier.job_status import JobStatus
from tests.executors.jobs import LIMIT_SECONDS, Staged, written
from tests.executors.task_cases import SALES, OldRuntime, TasksOnExecutors, adding_up
from tests.glacier_aws.glue import (
    command,
    glue_executor,
    ids_of,
    job_of,
    policy_of,
    runs_of,
    staged,
)
from tests.rigs.aws.permissions import is_permitted
from tests.rigs.aws.server import ACCESS_KEY, SECRET_KEY, AwsServer

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


class TestTasks(TasksOnExecutors):
    left = frozenset({"glue", "scripts"})
    killed = "Exit code -9"

    @pytest.fixture
    def server(self, aws_server: AwsServer) -> AwsServer:
        return aws_server

    @pytest.fixture
    def staged(self, aws_server: AwsServer) -> Staged:
        return partial(staged, aws_server)

    @pytest.fixture(params=["4.0", "3.0"])
    def old(
        self, request: pytest.FixtureRequest, aws_server: AwsServer, provider: Provider
    ) -> OldRuntime:
        executor = glue_executor(aws_server, provider, glue_version=request.param)
        return OldRuntime(executor, f"Glue {request.param}", r'glue_version="5\.0"\) or later')

    def job_ids(self, server: AwsServer, executor: Executor) -> list[str]:
        return ids_of(server, executor)

    def is_stopped(self, server: AwsServer, executor: Executor) -> bool:
        return bool(runs_of(server, executor)[0]["JobRunState"] == "STOPPED")

    def lose_an_answer(self, server: AwsServer, executor: Executor) -> None:
        executor.deploy()
        command(server, "lose", "drop")


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

    with pytest.raises(RunError, match="this Spark has no connector for s3a://"):
        doubling.run()
