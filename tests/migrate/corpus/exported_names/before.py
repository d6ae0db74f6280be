from glacier.providers import AWSProvider, LocalProvider as LocalProvider

__all__ = ["AWSProvider", "make"]


def make():
    return AWSProvider("us-east-1")
