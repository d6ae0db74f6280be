try:
    from glacier.providers import AWSProvider
except ImportError:
    from glacier.providers.aws import AWSProvider

provider = AWSProvider("us-east-1")
