from glacier.providers import AWSProvider as Provider, LocalProvider

provider = Provider("us-east-1")
dev = LocalProvider("data")
