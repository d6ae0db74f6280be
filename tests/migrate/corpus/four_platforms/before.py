from glacier.providers import AWSProvider, AzureProvider, GCPProvider, LocalProvider

dev = LocalProvider(base_path="./data")
staging = AWSProvider(region="us-west-2", profile="staging")
prod = AzureProvider(
    resource_group="prod-data-rg",
    location="eastus",
    subscription_id="xxx",
)
other = GCPProvider(project_id="my-project", region="us-central1")
