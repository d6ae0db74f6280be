from glacier.providers import AWSProvider
from glacier.resources.aws import S3Bucket


class Flow:
    def __init__(self):
        self.aws = AWSProvider("us-east-1")
        self.raw = S3Bucket("raw", path="a.parquet", provider=self.aws)
        self.out = S3Bucket(provider=self.aws, bucket="out")


aws = AWSProvider("us-east-1")
eu = AWSProvider("eu-central-1")
raw = S3Bucket("raw", provider=eu)
multiple = S3Bucket(
    "lines",  # many
    path="a/",
    provider=aws,
)
Flow()
