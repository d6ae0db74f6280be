"""Databricks passes the shared cases of executors, on the rig's workspaces with storage on AWS."""

import pytest

from glacier.provider import Provider
from glacier.resources import Executor
from glacier.testing import ExecutorCases, Rig
from tests.rigs.aws.server import AwsServer
from tests.rigs.databricks.server import DatabricksServer

NO_OUTPUT_YET = "Databricks tells of what a run prints once it has ended"


class DatabricksRig(Rig):
    """A new workspace for every executor."""

    log_seconds = 3.0

    def __init__(self, server: DatabricksServer, aws: AwsServer) -> None:
        self._server = server
        self._aws = aws
        self.known_gaps = {"test_running_job_is_followed_by_its_logs": NO_OUTPUT_YET}

    def provider(self) -> Provider:
        return Provider(config=self._aws.config())

    def executor(self, *, most_at_once: int | None = None) -> Executor:
        # A workspace takes a number of runs at a time; those beyond are queued.
        limit = {} if most_at_once is None else {"most_runs": most_at_once}
        workspace = self._server.workspace(**limit)
        return self.provider().executor("jobs", config=workspace.config())


@pytest.fixture
def rig(databricks_server: DatabricksServer, aws_server: AwsServer) -> Rig:
    return DatabricksRig(databricks_server, aws_server)


class TestExecutor(ExecutorCases):
    pass
