import glacier.providers as gp

provider = gp.AWSProvider(region="us-east-1")
dev = gp.LocalProvider.from_env()
