from glacier import create_bucket
from glacier.providers import AWSProvider

provider = AWSProvider(region="us-east-1")
bucket = create_bucket("s3", bucket="data", region="us-east-1")
other = create_bucket("s3", region="us-east-1", bucket="data", provider=provider)
last = create_bucket("s3", bucket="data", region="us-east-1", provider=provider)
