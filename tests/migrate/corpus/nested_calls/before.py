from glacier.providers import AWSProvider, LocalProvider

pair = dict(a=AWSProvider(region=str("us-east-1")), b=[LocalProvider(base_path="x") for _ in "ab"])


def make(provider=AWSProvider("us-east-1"), *, other: LocalProvider = LocalProvider()):
    def inner():
        return provider.bucket_source(
            "a" if provider.bucket_source("b") else "c",
        )

    return inner


async def later():
    return [p.bucket_source(f"{p.bucket_source('x')}") for p in [AWSProvider("us-east-1")]]


make()()
