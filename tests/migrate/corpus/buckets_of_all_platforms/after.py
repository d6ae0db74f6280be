from glacier import Provider
from glacier.config import AzureConfig, GcpConfig, LocalConfig

azure = Provider(config=AzureConfig(resource_group="rg", storage_account="acmesales"))
gcp = Provider(config=GcpConfig(project="my-project"))
local = Provider(config=LocalConfig(base_path="data"))
azure.bucket(bucket_name="lake")
gcp.bucket("lake")
local.bucket("c")
