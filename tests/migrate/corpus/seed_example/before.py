from glacier.providers import AWSProvider

provider = AWSProvider(region="us-east-1")
source = provider.bucket_source("my-data", path="file.parquet")
