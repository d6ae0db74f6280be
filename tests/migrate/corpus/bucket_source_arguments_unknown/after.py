from glacier import Provider
from glacier.config import AwsConfig

provider = Provider(config=AwsConfig(region="us-east-1"))
provider.bucket_source("my-data", "a.csv", "csv", "a")
provider.bucket_source("my-data", options={"n_rows": 3})
make = provider.bucket_source
getattr(provider, "bucket_source")("my-data")
