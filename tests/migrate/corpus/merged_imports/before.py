import os

from glacier import (
    pipeline,
    task,
)
from glacier.config import LocalConfig, S3Config
from glacier.providers import AWSProvider
from glacier.resources import Bucket

provider = AWSProvider("us-east-1")
bucket = Bucket("my-data", config=S3Config(versioning=True))
