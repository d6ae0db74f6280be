from glacier import Provider
from glacier.config import AwsConfig
from glacier.providers import AWSProvider


def config(AwsConfig):
    return AWSProvider("us-east-1")


def other():
    return Provider(config=AwsConfig(region="us-east-1"))
