from glacier.providers import AWSProvider
from glacier.resources.aws import S3Bucket

bucket = S3Bucket("too-early")
provider = AWSProvider("us-east-1")
other = S3Bucket("in-time")
