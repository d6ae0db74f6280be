from glacier.providers import AWSProvider, AzureProvider, GCPProvider, LocalProvider

local = LocalProvider.from_env()


def providers():
    yield AWSProvider.from_env()
    yield AzureProvider.from_env().bucket_source("my-data")
    yield GCPProvider.from_env()
