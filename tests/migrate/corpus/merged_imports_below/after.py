from glacier import Bucket, Provider, task
from glacier.config import AwsConfig, S3Config

provider = Provider(config=AwsConfig(region="us-east-1"))
