"""What the tests of Databricks' executors share."""

from dataclasses import dataclass
from typing import Any

from databricks.sdk import WorkspaceClient

from glacier import Executor, Provider
from tests.glacier_aws.glue import staged
from tests.rigs.aws.server import AwsServer
from tests.rigs.databricks.server import DatabricksServer, DatabricksWorkspace

HELLO = "print('hello')"


@dataclass(frozen=True)
class Platform:
    """A workspace with the cloud that hosts it."""

    workspace: DatabricksWorkspace
    databricks: DatabricksServer
    aws: AwsServer

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which both are reached."""
        return {**self.aws.environment, **self.workspace.environment}

    def requests(self, *, forget: bool = False) -> list[dict[str, str]]:
        """Return what both were asked; afterwards it may be forgotten."""
        return [*self.aws.requests(forget=forget), *self.databricks.requests(forget=forget)]

    def staged(self) -> dict[str, bytes]:
        """Return what lies in the staging bucket."""
        return staged(self.aws)

    def job_ids(self) -> list[str]:
        """Return the ids of the workspace's runs, the newest first."""
        return [str(run["run_id"]) for run in reversed(self.workspace.runs())]


def executor_on(workspace: DatabricksWorkspace, provider: Provider, **fields: Any) -> Executor:
    """Return an executor on a workspace, which it enters by a token."""
    return provider.executor("etl", config=workspace.config(**fields))


def client(workspace: DatabricksWorkspace) -> WorkspaceClient:
    """Return a client that has nothing to do with Glacier."""
    return WorkspaceClient(host=workspace.host, token=workspace.token)
