from glacier import Provider
from glacier.config import AwsConfig


def source(provider: Provider):
    assert isinstance(provider, Provider)
    return provider.bucket("my-data")


source(Provider(config=AwsConfig(region="us-east-1")))
