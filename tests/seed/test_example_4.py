"""Example 4 of the seed: one executor's config on two clouds.

Addition: Databricks has no adapter yet, so each executor is refused, on either cloud by the config
of the executor and not by that of the provider. Up to there the example runs as written.
"""

import pytest

from glacier import Provider
from glacier.config import AwsConfig, AzureConfig
from glacier.errors import NoAdapterError
from tests.seed.seed import code, run

AWS = "databricks_on_aws = "
AZURE = "# Same Databricks config, different cloud!"
EXECUTOR = "databricks_on_azure = "


def test_example_4_waits_for_the_adapter_of_databricks_on_aws() -> None:
    with pytest.raises(NoAdapterError, match="No adapter for Executor with DatabricksConfig"):
        run(code("Example 4"))


def test_example_4_waits_for_the_adapter_of_databricks_on_azure() -> None:
    source = code("Example 4")
    imports, azure = source.partition("# Databricks on AWS")[0], source.partition(AZURE)[2]

    with pytest.raises(NoAdapterError, match="No adapter for Executor with DatabricksConfig"):
        run(imports + azure)


def test_example_4_makes_the_providers_of_both_clouds() -> None:
    source = code("Example 4")
    on_aws, on_azure = source.partition(AWS)[0], source.partition(AZURE)[2].partition(EXECUTOR)[0]

    example = run(on_aws + on_azure)

    assert isinstance(example.aws_provider, Provider)
    assert example.aws_provider.config == AwsConfig(region="us-east-1")
    assert isinstance(example.azure_provider, Provider)
    assert example.azure_provider.config == AzureConfig(resource_group="prod-rg", location="eastus")
