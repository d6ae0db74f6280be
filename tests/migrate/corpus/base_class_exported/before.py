from glacier.providers import AWSProvider, Provider

__all__ = ["Provider", "make"]


def make():
    return AWSProvider("us-east-1")
