from glacier.config import AwsConfig, S3Config
from glacier import Provider

provider = Provider(config=AwsConfig(region="us-east-1"))
provider.bucket(bucket_name="my-data", path="a.csv", format="csv", name="a")
provider.bucket("my-data", "a.csv", "csv", config=S3Config(versioning=True))
provider.bucket(
    # the lake
    bucket_name="my-data",  # ours
)
