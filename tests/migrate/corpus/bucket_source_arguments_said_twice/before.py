from glacier.providers import LocalProvider

provider = LocalProvider("data")
a = provider.bucket_source(bucket="a", container="b")
b = provider.bucket_source(bucket="a", bucket_name="b")
