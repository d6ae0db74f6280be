from glacier import Provider
from glacier.config import AwsConfig


def ours(AWSProvider):
    return AWSProvider(region="us-east-1")


def theirs():
    return Provider(config=AwsConfig(region="us-east-1"))


def local():
    class AWSProvider:
        pass

    return AWSProvider()


theirs()
