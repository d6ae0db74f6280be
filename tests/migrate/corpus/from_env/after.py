from glacier import Provider
from glacier.config import AwsConfig, AzureConfig, GcpConfig, LocalConfig

local = Provider(config=LocalConfig.from_env())


def providers():
    yield Provider(config=AwsConfig.from_env())
    yield Provider(config=AzureConfig.from_env()).bucket("my-data")
    yield Provider(config=GcpConfig.from_env())
