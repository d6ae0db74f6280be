import os

from glacier.providers import AWSProvider, LocalProvider
from glacier.resources.aws import S3Bucket

if os.environ.get("PROD"):
    cloud = AWSProvider(region="us-east-1")
else:
    cloud = LocalProvider(base_path="./data")

source = cloud.bucket_source("my-data", path="file.parquet")
bucket = S3Bucket("my-data")
