from glacier import Provider
from glacier.config import AwsConfig, AzureConfig, GcpConfig, LocalConfig

dev = Provider(config=LocalConfig(base_path="./data"))
staging = Provider(config=AwsConfig(region="us-west-2", profile="staging"))
prod = Provider(config=AzureConfig(
    resource_group="prod-data-rg",
    location="eastus",
    subscription_id="xxx",
))
other = Provider(config=GcpConfig(project="my-project", region="us-central1"))
