from glacier import Provider
from glacier.config import AwsConfig

provider = Provider(config=AwsConfig(region="us-east-1"))
bucket = provider.bucket(bucket_name="data")
other = provider.bucket(bucket_name="data")
last = provider.bucket(bucket_name="data")
