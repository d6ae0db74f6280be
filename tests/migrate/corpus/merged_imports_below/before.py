from glacier.providers import AWSProvider
from glacier import Bucket, task
from glacier.config import S3Config

provider = AWSProvider("us-east-1")
