"""What the tests of Databricks share."""

import pytest

from glacier import Provider
from glacier.jobs.staging import prepared_staging
from tests.glacier_databricks.databricks import Platform
from tests.rigs.aws.server import AwsServer
from tests.rigs.databricks.server import DatabricksServer, DatabricksWorkspace


@pytest.fixture
def workspace(databricks_server: DatabricksServer) -> DatabricksWorkspace:
    """A new workspace on AWS."""
    return databricks_server.workspace()


@pytest.fixture
def provider(aws_server: AwsServer) -> Provider:
    """The provider of the workspace's cloud, whose staging is there."""
    provider = Provider(config=aws_server.config())
    prepared_staging(provider)
    return provider


@pytest.fixture
def platform(
    workspace: DatabricksWorkspace, databricks_server: DatabricksServer, aws_server: AwsServer
) -> Platform:
    """The workspace with its cloud."""
    return Platform(workspace, databricks_server, aws_server)
