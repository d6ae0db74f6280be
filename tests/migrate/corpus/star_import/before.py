from glacier.providers import *

provider = AWSProvider(region="us-east-1")
source = provider.bucket_source("my-data")
