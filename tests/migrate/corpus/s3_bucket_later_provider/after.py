from glacier import Provider
from glacier.config import AwsConfig
from glacier.resources.aws import S3Bucket

bucket = S3Bucket("too-early")
provider = Provider(config=AwsConfig(region="us-east-1"))
other = provider.bucket("in-time")
