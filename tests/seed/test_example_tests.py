"""The seed's 'Example Tests'.

`tests/core/test_provider.py` has them with `LocalConfig`. Here they run as written, with the
imports that the seed leaves out.
"""

from types import ModuleType

import pytest

from tests.seed.seed import code, run

IMPORTS = (
    "from glacier import Bucket, Provider\n"
    "from glacier.config import AwsConfig, AzureConfig, S3Config\n"
    "from glacier_aws.bucket import S3BucketAdapter\n"
    "from glacier_azure.bucket import BlobStorageAdapter\n"
)


@pytest.fixture
def tests() -> ModuleType:
    return run(IMPORTS + code("Example Tests"))


@pytest.mark.parametrize(
    "name",
    [
        "test_provider_bucket_creation",
        "test_bucket_uses_correct_adapter",
        "test_config_optional",
    ],
)
def test_example_test_passes(name: str, tests: ModuleType) -> None:
    getattr(tests, name)()
