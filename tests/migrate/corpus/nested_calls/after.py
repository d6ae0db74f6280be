from glacier import Provider
from glacier.config import AwsConfig, LocalConfig

pair = dict(a=Provider(config=AwsConfig(region=str("us-east-1"))), b=[Provider(config=LocalConfig(base_path="x")) for _ in "ab"])


def make(provider=Provider(config=AwsConfig(region="us-east-1")), *, other: Provider = Provider(config=LocalConfig())):
    def inner():
        return provider.bucket(
            "a" if provider.bucket("b") else "c",
        )

    return inner


async def later():
    return [p.bucket_source(f"{p.bucket_source('x')}") for p in [Provider(config=AwsConfig(region="us-east-1"))]]


make()()
