from glacier.providers import AzureProvider
from glacier.resources.aws import S3Bucket

provider = AzureProvider("rg", storage_account="acmesales")
bucket = S3Bucket("my-bucket")
