from glacier.providers import AWSProvider
from glacier.resources.aws import S3Bucket

provider = AWSProvider("us-east-1")
S3Bucket("my-bucket", versioning=True)
S3Bucket("my-bucket", region="us-east-1")
S3Bucket("my-bucket", colour="blue")
S3Bucket("my-bucket", "a.parquet")
S3Bucket("my-bucket", provider=[provider][0])
isinstance(provider, S3Bucket)
