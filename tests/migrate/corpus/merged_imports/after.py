import os

from glacier import (
    Provider,
    pipeline,
    task,
)
from glacier.config import AwsConfig, LocalConfig, S3Config

provider = Provider(config=AwsConfig(region="us-east-1"))
bucket = provider.bucket("my-data", config=S3Config(versioning=True))
