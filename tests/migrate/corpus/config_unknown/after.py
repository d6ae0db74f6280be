from glacier.config import AwsConfig
from glacier.providers import AWSProvider

settings = AwsConfig(region="us-east-1")
AWSProvider(config=settings)
AWSProvider("us-east-1", config=AwsConfig(region="eu-central-1"))
