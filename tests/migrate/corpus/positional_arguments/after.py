from glacier import Provider
from glacier.config import AwsConfig, AzureConfig, GcpConfig, LocalConfig

Provider(config=AwsConfig(region="us-east-1"))
Provider(config=AwsConfig(region="us-east-1", profile="staging", account_id="123456789012"))
Provider(config=AzureConfig(resource_group="prod-rg", location="eastus"))
Provider(config=GcpConfig(project="my-project"))
Provider(config=LocalConfig(base_path="data"))
Provider(config=LocalConfig())
