from glacier import Provider
from glacier.config import AwsConfig


class Flow:
    def __init__(self):
        self.aws = Provider(config=AwsConfig(region="us-east-1"))
        self.raw = self.aws.bucket("raw", path="a.parquet")
        self.out = self.aws.bucket(bucket_name="out")


aws = Provider(config=AwsConfig(region="us-east-1"))
eu = Provider(config=AwsConfig(region="eu-central-1"))
raw = eu.bucket("raw")
multiple = aws.bucket(
    "lines",  # many
    path="a/",
)
Flow()
