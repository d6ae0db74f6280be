"""Example 4 of the seed: one executor's config on two clouds. It runs as written."""

from glacier import Provider
from glacier.config import AwsConfig, AzureConfig, DatabricksConfig
from glacier_databricks.executor import DatabricksAdapter
from glacier_databricks.job.definition import cluster_fields
from tests.seed.seed import code, run


def test_example_4_makes_an_executor_of_databricks_on_each_cloud() -> None:
    example = run(code("Example 4"))

    assert example.aws_provider.config == AwsConfig(region="us-east-1")
    assert example.azure_provider.config == AzureConfig(resource_group="prod-rg", location="eastus")
    for executor in (example.databricks_on_aws, example.databricks_on_azure):
        assert isinstance(executor.config, DatabricksConfig)
        assert isinstance(executor.adapter, DatabricksAdapter)


def test_example_4_has_each_cloud_make_a_cluster_of_its_own_kind() -> None:
    example = run(code("Example 4"))

    on_aws, on_azure = (
        cluster_fields(executor.config, executor.provider.config, {})
        for executor in (example.databricks_on_aws, example.databricks_on_azure)
    )

    assert (on_aws["node_type_id"], on_azure["node_type_id"]) == ("m5.xlarge", "Standard_D4s_v3")
    assert on_aws["num_workers"] == on_azure["num_workers"] == 4
    assert {"aws_attributes"} == {name for name in on_aws if name.endswith("_attributes")}
    assert {"azure_attributes"} == {name for name in on_azure if name.endswith("_attributes")}
    assert isinstance(example.aws_provider, Provider)
