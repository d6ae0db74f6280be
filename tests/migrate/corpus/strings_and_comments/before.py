"""Use AWSProvider(region="us-east-1") of glacier.providers, and provider.bucket_source("b")."""

# from glacier.providers import AWSProvider
TEXT = "AWSProvider(region='us-east-1').bucket_source('b')"
NAMES = f"{TEXT} AWSProvider"
