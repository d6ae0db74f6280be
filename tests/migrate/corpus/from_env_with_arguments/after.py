from glacier.providers import AWSProvider

provider = AWSProvider.from_env(region="us-east-1")
