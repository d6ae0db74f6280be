from glacier import Provider
from glacier.config import AwsConfig, LocalConfig
from glacier.resources.aws import S3Bucket

aws = Provider(config=AwsConfig(region="us-east-1"))
dev = Provider(config=LocalConfig(base_path="data"))
bucket = S3Bucket("my-bucket")


def make(provider):
    return S3Bucket("my-bucket")
