from glacier.providers import AWSProvider

settings = {"region": "us-east-1"}
provider = AWSProvider(**settings)
other = AWSProvider(*settings.values())
source = provider.bucket_source(**{"bucket": "my-data"})
