from glacier import Bucket, Provider
from glacier.config import AwsConfig
from glacier.resources.azure import BlobContainer

aws = Provider(config=AwsConfig(region="us-east-1"))
bucket = aws.bucket("my-bucket")


def read(bucket: Bucket, lake: "Bucket | None" = None):
    return aws.bucket("other", format="csv")


def of_parameter(provider):
    return provider


read(bucket)
