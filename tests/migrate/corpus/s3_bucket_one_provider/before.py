from glacier.providers import AWSProvider
from glacier.resources.aws import S3Bucket
from glacier.resources.azure import BlobContainer

aws = AWSProvider("us-east-1")
bucket = S3Bucket("my-bucket")


def read(bucket: S3Bucket, lake: "S3Bucket | None" = None):
    return S3Bucket("other", format="csv")


def of_parameter(provider):
    return provider


read(bucket)
