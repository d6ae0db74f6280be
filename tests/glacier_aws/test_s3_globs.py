"""Globs on S3."""

import pytest

from glacier import Bucket, Provider
from tests.glacier_aws.objects import Objects
from tests.rigs.aws.server import AwsServer
from tests.stores.globs import GlobsOnStores, fill


@pytest.fixture(scope="module")
def globbed(aws_server: AwsServer) -> Bucket:
    return fill(Provider(config=aws_server.config()), Objects(aws_server).name)


class TestGlobs(GlobsOnStores):
    pass
