from glacier import Provider
from glacier.config import AwsConfig
from glacier.resources.aws import S3Bucket

provider = Provider(config=AwsConfig(region="us-east-1"))
S3Bucket("my-bucket", versioning=True)
S3Bucket("my-bucket", region="us-east-1")
S3Bucket("my-bucket", colour="blue")
S3Bucket("my-bucket", "a.parquet")
S3Bucket("my-bucket", provider=[provider][0])
isinstance(provider, S3Bucket)
