from glacier import Provider
from glacier.config import LocalConfig


class Settings:
    from glacier.config import AwsConfig
    from glacier.providers import AWSProvider

    provider = Provider(config=AwsConfig(region="us-east-1"))

    def other(self):
        return self.AWSProvider("eu-west-1")


Provider(config=LocalConfig(base_path="data"))
