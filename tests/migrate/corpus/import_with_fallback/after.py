try:
    from glacier.providers import AWSProvider
except ImportError:
    AWSProvider = None

if AWSProvider is not None:
    provider = AWSProvider("us-east-1")
    source = provider.bucket("my-data")
