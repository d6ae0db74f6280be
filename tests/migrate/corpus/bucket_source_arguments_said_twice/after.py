from glacier import Provider
from glacier.config import LocalConfig

provider = Provider(config=LocalConfig(base_path="data"))
a = provider.bucket_source(bucket="a", container="b")
b = provider.bucket_source(bucket="a", bucket_name="b")
