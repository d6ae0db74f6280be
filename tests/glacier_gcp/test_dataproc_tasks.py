"""Tasks and functions on Dataproc: what they compute, where, with whose code and as whom."""

import json
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from glacier import Bucket, Executor, Provider
from glacier.errors import PackageError
from glacier.job_status import JobStatus
from tests.executors.jobs import LIMIT_SECONDS, Staged, written
from tests.executors.task_cases import SALES, OldRuntime, TasksOnExecutors
from tests.glacier_gcp.dataproc import (
    arguments_of,
    asked_of_dataproc,
    batch_executor,
    cluster_executor,
    ids_of,
    jobs_of,
    staged,
)
from tests.glacier_gcp.objects import Objects
from tests.rigs.gcp.accounts import MACHINE
from tests.rigs.gcp.server import GcpServer
from tests.rigs.proxy import Proxy, drop

SUBMITTED = {"spark.master": "local[1]"}
"""Has the rig start a job by `spark-submit`, with a Spark of its own."""


@pytest.fixture
def proxy(gcp_server: GcpServer) -> Iterator[Proxy]:
    with Proxy(gcp_server.endpoint) as proxy:
        yield proxy


@pytest.fixture
def sales(provider: Provider, lake: Objects) -> Bucket:
    bucket = provider.bucket(lake.name)
    (bucket / "sales.parquet").write(SALES)
    return bucket


@pytest.fixture
def executor(gcp_server: GcpServer, provider: Provider) -> Executor:
    return cluster_executor(gcp_server, provider)


class TasksOnDataproc(TasksOnExecutors):
    left = frozenset({"dataproc", "scripts"})

    @pytest.fixture
    def server(self, gcp_server: GcpServer) -> GcpServer:
        return gcp_server

    @pytest.fixture
    def staged(self, gcp_server: GcpServer) -> Staged:
        return partial(staged, gcp_server)

    @pytest.fixture
    def lake(self, sales: Bucket) -> Bucket:
        return sales

    @pytest.fixture
    def proxied(self, proxy: Proxy, gcp_server: GcpServer) -> Provider:
        """A provider whose answers can be lost on their way."""
        return Provider(config=gcp_server.config(endpoint=proxy.endpoint))

    @pytest.fixture(autouse=True)
    def loser(self, proxy: Proxy) -> None:
        self._proxy = proxy

    def job_ids(self, server: GcpServer, executor: Executor) -> list[str]:
        return ids_of(server, executor)

    def is_stopped(self, server: GcpServer, executor: Executor) -> bool:
        return executor.get_job_status(ids_of(server, executor)[0]) is JobStatus.CANCELLED

    def lose_an_answer(self, server: GcpServer, executor: Executor) -> None:
        self._proxy.on(drop, method="POST", path=r"/jobs:submit$|/batches$", times=1)


class TestTasksOnClusters(TasksOnDataproc):
    @pytest.fixture
    def executor(self, gcp_server: GcpServer, proxied: Provider) -> Executor:
        return cluster_executor(gcp_server, proxied)

    @pytest.fixture
    def old(self, gcp_server: GcpServer, provider: Provider) -> OldRuntime:
        executor = cluster_executor(gcp_server, provider, content=[], image_version="2.1")
        return OldRuntime(executor, "Dataproc's image 2.1", 'image_version="2.2"')


class TestTasksInBatches(TasksOnDataproc):
    @pytest.fixture
    def executor(self, gcp_server: GcpServer, proxied: Provider) -> Executor:
        return batch_executor(gcp_server, proxied)

    @pytest.fixture
    def old(self, gcp_server: GcpServer, provider: Provider) -> OldRuntime:
        fields = {"image_version": "1.1", "container_image": None}
        executor = batch_executor(gcp_server, provider, **fields)
        return OldRuntime(executor, "Dataproc's serverless runtime 1.1", 'image_version="2.2"')


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
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    assert executor.get_job_result(job_id).value == ("local[1]", 7)


def test_asking_for_a_state_is_one_request(
    gcp_server: GcpServer, executor: Executor, tmp_path: Path
) -> None:
    job_id = executor.submit_job(written(tmp_path, "print('hello')"))
    executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)
    asked_of_dataproc(gcp_server)

    executor.get_job_status(job_id)

    assert asked_of_dataproc(gcp_server) == [f"GET jobs/{job_id}"]
