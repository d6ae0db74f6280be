from glacier.providers import AWSProvider

provider = AWSProvider("us-east-1")
provider.bucket_source("my-data", "a.csv", "csv", "a")
provider.bucket_source("my-data", options={"n_rows": 3})
make = provider.bucket_source
getattr(provider, "bucket_source")("my-data")
