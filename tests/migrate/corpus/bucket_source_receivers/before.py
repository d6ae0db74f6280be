# not run: `infra` is made up
from glacier.providers import AWSProvider, LocalProvider
from infra import dev_provider, get_provider


class Flow:
    def __init__(self, provider, cloud: AWSProvider):
        self.provider = provider
        self.dev = LocalProvider("data")
        self.source = cloud.bucket_source("a")

    def sources(self):
        yield self.provider.bucket_source("b")
        yield self.dev.bucket_source("c")
        yield get_provider().bucket_source("d")
        yield dev_provider.bucket_source("e")
        yield LocalProvider().bucket_source("f")


with_lambda = lambda p=AWSProvider("us-east-1"): p
(aws := AWSProvider("us-east-1")).bucket_source("g")
aws.bucket_source("h")
