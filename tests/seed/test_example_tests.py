"""The seed's 'Example Tests'.

`tests/core/test_provider.py` has them with `LocalConfig`. Here they run as written, with the
imports that the seed leaves out, and wait for the adapters of the clouds: whoever adds those
turns this into a test that they pass.
"""

import pytest

from glacier.errors import NoAdapterError
from tests.seed.seed import code, run

IMPORTS = (
    "from glacier import Bucket, Provider\n"
    "from glacier.config import AwsConfig, AzureConfig, S3Config\n"
)


@pytest.mark.parametrize(
    "name",
    [
        "test_provider_bucket_creation",
        "test_bucket_uses_correct_adapter",
        "test_config_optional",
    ],
)
def test_example_test_waits_for_the_adapters_of_the_clouds(name: str) -> None:
    module = run(IMPORTS + code("Example Tests"))

    with pytest.raises(NoAdapterError, match="No adapter for Bucket with AwsConfig"):
        getattr(module, name)()
