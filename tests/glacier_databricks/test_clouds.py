"""The same config on each cloud: its storage takes what travels, and its clusters run it."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glacier import Executor, Provider
from glacier.job_status import JobStatus
from tests.executors.jobs import LIMIT_SECONDS
from tests.rigs.aws.server import AwsServer
from tests.rigs.azure.azurite import Azurite
from tests.rigs.databricks.server import DatabricksServer, DatabricksWorkspace
from tests.rigs.gcp.server import GcpServer

FIELDS: dict[str, Any] = {"num_workers": 2, "packages": ["tenacity"]}
"""Of every executor here."""


@pytest.fixture
def on_azure(azurite: Azurite, tmp_path: Path) -> Iterator[DatabricksWorkspace]:
    """A workspace whose clusters enter the storage account."""
    # Azurite takes no tokens without TLS: what is an identity there is a key here.
    identity = {"AZURE_STORAGE_CONNECTION_STRING": azurite.connection_string}
    with DatabricksServer(tmp_path, "azure", identity) as server:
        yield server.workspace()


@pytest.fixture
def on_gcp(gcp_server: GcpServer, tmp_path: Path) -> Iterator[DatabricksWorkspace]:
    """A workspace whose clusters have the owner's key."""
    with DatabricksServer(tmp_path, "gcp", gcp_server.environment) as server:
        yield server.workspace()


def check(workspace: DatabricksWorkspace, executor: Executor, *, machine: str, scheme: str) -> None:
    """Run a function, and look at the machines that it got and where its file lay."""
    job_id = executor.submit_job(os.getcwd)
    status = executor.wait(job_id, timeout_seconds=LIMIT_SECONDS)

    (task,) = workspace.runs()[0]["request"]["tasks"]
    assert status is JobStatus.SUCCEEDED, executor.get_job_logs(job_id)
    with executor.get_job_result(job_id) as result:
        assert "/databricks-run-" in result.value
    assert task["new_cluster"]["node_type_id"] == machine
    assert task["new_cluster"]["num_workers"] == 2
    assert task["spark_python_task"]["python_file"].startswith(f"{scheme}://")


def test_function_runs_on_aws(databricks_server: DatabricksServer, aws_server: AwsServer) -> None:
    workspace = databricks_server.workspace()
    provider = Provider(config=aws_server.config())
    executor = provider.executor("etl", config=workspace.config(**FIELDS))

    check(workspace, executor, machine="m5.xlarge", scheme="s3")


def test_function_runs_on_azure(on_azure: DatabricksWorkspace, azurite: Azurite) -> None:
    provider = Provider(config=azurite.config())
    executor = provider.executor("etl", config=on_azure.config(**FIELDS))

    check(on_azure, executor, machine="Standard_D4s_v3", scheme="abfss")


def test_function_runs_on_google_cloud(on_gcp: DatabricksWorkspace, gcp_server: GcpServer) -> None:
    provider = Provider(config=gcp_server.config())
    executor = provider.executor("etl", config=on_gcp.config(**FIELDS))

    check(on_gcp, executor, machine="n2-standard-4", scheme="gs")
