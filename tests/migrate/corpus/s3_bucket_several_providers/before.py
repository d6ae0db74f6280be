from glacier.providers import AWSProvider, LocalProvider
from glacier.resources.aws import S3Bucket

aws = AWSProvider("us-east-1")
dev = LocalProvider("data")
bucket = S3Bucket("my-bucket")


def make(provider):
    return S3Bucket("my-bucket")
