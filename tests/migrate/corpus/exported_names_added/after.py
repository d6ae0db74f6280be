from glacier import Provider
from glacier.providers import AWSProvider, AzureProvider, GCPProvider
from glacier.config import LocalConfig
from glacier.providers import LocalProvider as LocalProvider

__all__ = ["make"] + ["AWSProvider"]
__all__.append("AzureProvider")
if True: __all__.extend(["GCPProvider"])


def make(aws: Provider, azure: Provider, gcp: Provider):
    return Provider(config=LocalConfig(base_path="data"))
