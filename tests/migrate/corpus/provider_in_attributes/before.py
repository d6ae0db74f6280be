import os
from dataclasses import dataclass

from glacier.providers import AWSProvider, LocalProvider

cloud = AWSProvider("us-east-1") if os.environ.get("PROD") else LocalProvider("data")
source = cloud.bucket_source("my-data")


@dataclass
class Flow:
    cloud: AWSProvider | LocalProvider
    dev = LocalProvider("data")

    def sources(self):
        return self.cloud.bucket_source("lake"), self.dev.bucket_source("lake"), self.cloud.region


Flow(LocalProvider()).sources
