from glacier import Provider
from glacier.config import AzureConfig
from glacier.resources.aws import S3Bucket

provider = Provider(config=AzureConfig(resource_group="rg", storage_account="acmesales"))
bucket = S3Bucket("my-bucket")
