from glacier.providers import AWSProvider, AzureProvider, GCPProvider
from glacier.providers import LocalProvider as LocalProvider

__all__ = ["make"] + ["AWSProvider"]
__all__.append("AzureProvider")
if True: __all__.extend(["GCPProvider"])


def make(aws: AWSProvider, azure: AzureProvider, gcp: GCPProvider):
    return LocalProvider("data")
