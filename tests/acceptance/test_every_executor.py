"""The same tasks on every executor: its config alone differs, and no value of the results.

A further executor is one function in `EXECUTORS`.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from polars.testing import assert_frame_equal

from glacier import Bucket, Executor, Provider
from glacier.config import LocalConfig
from glacier.engine.result import RunStatus
from tests.acceptance.every_executor import create_pipeline, fill
from tests.rigs.spark import spark_config

Place = tuple[Provider, Executor]


def other_process(request: pytest.FixtureRequest) -> Place:
    """Return another process of this machine."""
    provider = Provider(config=LocalConfig(base_path=request.getfixturevalue("tmp_path")))
    return provider, provider.executor("process")


def spark(request: pytest.FixtureRequest) -> Place:
    """Return a Spark of this machine."""
    request.getfixturevalue("java")
    provider = Provider(config=LocalConfig(base_path=request.getfixturevalue("tmp_path")))
    return provider, provider.executor("spark", config=spark_config("local[2]"))


def glue(request: pytest.FixtureRequest) -> Place:
    """Return Glue, with storage on S3."""
    from tests.glacier_aws.glue import glue_executor

    server = request.getfixturevalue("aws_server")
    provider = Provider(config=server.config())
    return provider, glue_executor(server, provider)


def synapse(request: pytest.FixtureRequest) -> Place:
    """Return Synapse, with storage on Blob Storage."""
    from tests.glacier_azure.functions import make_group
    from tests.glacier_azure.synapse import synapse_executor

    server = request.getfixturevalue("azure_server")
    monkeypatch = request.getfixturevalue("monkeypatch")
    for name, value in server.identity.items():
        monkeypatch.setenv(name, value)
    make_group(server)
    provider = Provider(config=server.config())
    return provider, synapse_executor(server, provider)


def dataproc_cluster(request: pytest.FixtureRequest) -> Place:
    """Return a cluster of Dataproc, with storage on Cloud Storage."""
    from tests.glacier_gcp.dataproc import cluster_executor

    server = request.getfixturevalue("gcp_server")
    provider = Provider(config=server.config())
    return provider, cluster_executor(server, provider)


def dataproc_batches(request: pytest.FixtureRequest) -> Place:
    """Return Dataproc's serverless batches."""
    from tests.glacier_gcp.dataproc import batch_executor

    server = request.getfixturevalue("gcp_server")
    provider = Provider(config=server.config())
    return provider, batch_executor(server, provider)


def databricks(request: pytest.FixtureRequest) -> Place:
    """Return Databricks, with storage on S3."""
    server = request.getfixturevalue("databricks_server")
    provider = Provider(config=request.getfixturevalue("aws_server").config())
    return provider, provider.executor("databricks", config=server.workspace().config())


EXECUTORS: dict[str, Callable[[pytest.FixtureRequest], Place]] = {
    "process": other_process,
    "spark": spark,
    "glue": glue,
    "synapse": synapse,
    "cluster": dataproc_cluster,
    "batches": dataproc_batches,
    "databricks": databricks,
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The results in this process."""
    provider = Provider(config=LocalConfig(base_path=tmp_path_factory.mktemp("here")))
    return results(provider.bucket("lake", "data/"), None)


def results(lake: Bucket, executor: Executor | None) -> dict[str, Any]:
    """Return what the pipeline returns, and what it has written."""
    fill(lake)
    with create_pipeline(lake, executor).run() as run:
        assert run.status is RunStatus.SUCCEEDED
        found: dict[str, Any] = run.result
        frames = {name: found[name].lazy().collect() for name in ("sums", "ranks")}
        return {**found, **frames, "rows": (lake / "rows/").read().sort("order")}


@pytest.mark.parametrize("name", EXECUTORS)
def test_results_are_the_same_on_every_executor(
    request: pytest.FixtureRequest, name: str, expected: dict[str, Any]
) -> None:
    provider, executor = EXECUTORS[name](request)
    bucket = provider.bucket(f"executors-{uuid4().hex[:8]}", "data/")
    bucket.deploy()

    found = results(bucket, executor)

    assert found.pop("described") == expected["described"]
    for what, frame in found.items():
        assert_frame_equal(frame, expected[what], check_row_order=True)
