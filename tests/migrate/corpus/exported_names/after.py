from glacier import Provider
from glacier.config import AwsConfig
from glacier.providers import AWSProvider, LocalProvider as LocalProvider

__all__ = ["AWSProvider", "make"]


def make():
    return Provider(config=AwsConfig(region="us-east-1"))
