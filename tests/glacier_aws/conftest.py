"""What the tests of AWS share."""

from uuid import uuid4

import pytest

from glacier import Provider
from tests.rigs.aws.server import AwsServer


@pytest.fixture
def provider(aws_server: AwsServer) -> Provider:
    """An account on the rig's server."""
    return Provider(config=aws_server.config())


@pytest.fixture
def lake(provider: Provider) -> str:
    """The name of a new and empty bucket."""
    name = f"lake-{uuid4().hex}"
    Provider(config=provider.config).bucket(name).deploy()
    return name
