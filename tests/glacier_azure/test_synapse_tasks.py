"""Tasks and functions on Synapse: what they compute, where, with whose code and as whom."""

import os
import sys
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from azure.storage.blob import BlobServiceClient

from glacier import Bucket, Executor, Provider
from glacier.errors import PackageError
from glacier.job_status import JobStatus
from glacier_azure.storage.connection import DEVELOPMENT_KEY
from tests.executors.jobs import LIMIT_SECONDS, Staged, written
from tests.executors.task_cases import SALES, OldRuntime, TasksOnExecutors
from tests.glacier_azure.synapse import batches_of, command, ids_of, staged, synapse_executor
from tests.rigs.azure.identity import MANAGED_IDENTITY
from tests.rigs.azure.server import AzureServer

SUBMITTED = {"conf": {"spark.master": "local[1]"}}
"""Has the rig start a job by `spark-submit`, with a Spark of its own."""


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


class TestTasks(TasksOnExecutors):
    left = frozenset({"synapse", "scripts", "logs"})

    @pytest.fixture
    def server(self, azure: AzureServer) -> AzureServer:
        return azure

    @pytest.fixture
    def staged(self, azure: AzureServer) -> Staged:
        return partial(staged, azure)

    @pytest.fixture(params=["3.4", "3.3"])
    def old(
        self, request: pytest.FixtureRequest, azure: AzureServer, provider: Provider
    ) -> OldRuntime:
        executor = synapse_executor(azure, provider, spark_version=request.param)
        return OldRuntime(executor, f"Synapse's Spark {request.param}", 'spark_version="3.5"')

    def job_ids(self, server: AzureServer, executor: Executor) -> list[str]:
        return ids_of(server, executor)

    def is_stopped(self, server: AzureServer, executor: Executor) -> bool:
        return bool(batches_of(server, executor)[0]["result"] == "Cancelled")

    def lose_an_answer(self, server: AzureServer, executor: Executor) -> None:
        command(server, "lose", "drop")


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
