import os

from glacier import Provider
from glacier.config import AwsConfig, LocalConfig
from glacier.resources.aws import S3Bucket

if os.environ.get("PROD"):
    provider = Provider(config=AwsConfig(region="us-east-1"))
    lake = provider.bucket("lake")
else:
    lake = S3Bucket("dev-lake")

if os.environ.get("A"):
    cloud = Provider(config=LocalConfig(base_path="a"))
elif os.environ.get("B"):
    cloud = Provider(config=LocalConfig(base_path="b"))
else:
    cloud = Provider(config=LocalConfig(base_path="c"))


def later():
    return S3Bucket("later")
