from glacier import Provider
from glacier.config import AwsConfig

__all__ = ["Provider", "make"]


def make():
    return Provider(config=AwsConfig(region="us-east-1"))
