"""What the tests of Databricks' executors share."""

from typing import Any

from databricks.sdk import WorkspaceClient

from glacier import Executor, Provider
from tests.rigs.databricks.server import DatabricksWorkspace

HELLO = "print('hello')"


def executor_on(workspace: DatabricksWorkspace, provider: Provider, **fields: Any) -> Executor:
    """Return an executor on a workspace, which it enters by a token."""
    return provider.executor("etl", config=workspace.config(**fields))


def client(workspace: DatabricksWorkspace) -> WorkspaceClient:
    """Return a client that has nothing to do with Glacier."""
    return WorkspaceClient(host=workspace.host, token=workspace.token)
