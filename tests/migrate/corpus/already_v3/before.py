from glacier import Provider
from glacier.config import AwsConfig, S3Config

provider = Provider(config=AwsConfig(region="us-east-1"))
bucket = provider.bucket("my-data", path="file.parquet", config=S3Config(versioning=True))
