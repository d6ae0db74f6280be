from glacier.providers import AWSProvider as AP, LocalProvider as LP

provider = AP(region="us-east-1")
dev: LP = LP(base_path="data")
