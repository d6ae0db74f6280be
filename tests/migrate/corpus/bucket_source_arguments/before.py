from glacier.config import S3Config
from glacier.providers import AWSProvider

provider = AWSProvider("us-east-1")
provider.bucket_source(bucket="my-data", path="a.csv", format="csv", name="a")
provider.bucket_source("my-data", "a.csv", "csv", config=S3Config(versioning=True))
provider.bucket_source(
    # the lake
    bucket="my-data",  # ours
)
