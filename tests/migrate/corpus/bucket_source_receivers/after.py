# not run: `infra` is made up
from glacier import Provider
from glacier.config import AwsConfig, LocalConfig
from infra import dev_provider, get_provider


class Flow:
    def __init__(self, provider, cloud: Provider):
        self.provider = provider
        self.dev = Provider(config=LocalConfig(base_path="data"))
        self.source = cloud.bucket("a")

    def sources(self):
        yield self.provider.bucket("b")
        yield self.dev.bucket("c")
        yield get_provider().bucket("d")
        yield dev_provider.bucket("e")
        yield Provider(config=LocalConfig()).bucket("f")


with_lambda = lambda p=Provider(config=AwsConfig(region="us-east-1")): p
(aws := Provider(config=AwsConfig(region="us-east-1"))).bucket("g")
aws.bucket("h")
