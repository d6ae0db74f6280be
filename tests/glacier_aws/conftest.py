"""What the tests of AWS share."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from glacier import Provider
from tests.glacier_aws.access import make_users
from tests.rigs.aws.server import AwsServer


@pytest.fixture
def provider(aws_server: AwsServer) -> Provider:
    """An account on the rig's server."""
    return Provider(config=aws_server.config())


@pytest.fixture(scope="session")
def guarded_aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    """A server of its own that enforces who may do what; `access.user` has its users."""
    with AwsServer(tmp_path_factory.mktemp("guarded")) as server:
        make_users(server)
        yield server


@pytest.fixture
def lake(provider: Provider) -> str:
    """The name of a new and empty bucket."""
    name = f"lake-{uuid4().hex}"
    Provider(config=provider.config).bucket(name).deploy()
    return name
