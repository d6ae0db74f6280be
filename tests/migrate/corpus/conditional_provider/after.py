import os

from glacier import Provider
from glacier.config import AwsConfig, LocalConfig

if os.environ.get("PROD"):
    cloud = Provider(config=AwsConfig(region="us-east-1"))
else:
    cloud = Provider(config=LocalConfig(base_path="./data"))

source = cloud.bucket("my-data", path="file.parquet")
bucket = cloud.bucket("my-data")
