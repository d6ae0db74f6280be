from glacier.providers import *

provider = AWSProvider(region="us-east-1")
source = provider.bucket("my-data")
