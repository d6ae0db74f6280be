import os
from dataclasses import dataclass

from glacier import Provider
from glacier.config import AwsConfig, LocalConfig

cloud = Provider(config=AwsConfig(region="us-east-1")) if os.environ.get("PROD") else Provider(config=LocalConfig(base_path="data"))
source = cloud.bucket("my-data")


@dataclass
class Flow:
    cloud: Provider
    dev = Provider(config=LocalConfig(base_path="data"))

    def sources(self):
        return self.cloud.bucket("lake"), self.dev.bucket("lake"), self.cloud.config.region


Flow(Provider(config=LocalConfig())).sources
