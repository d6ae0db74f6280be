from glacier.providers import AWSProvider, Provider


def source(provider: Provider):
    assert isinstance(provider, Provider)
    return provider.bucket_source("my-data")


source(AWSProvider("us-east-1"))
