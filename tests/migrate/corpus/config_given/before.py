from glacier.config import AwsConfig
from glacier.providers import AWSProvider

provider = AWSProvider(config=AwsConfig(region="us-east-1"), tags={"team": "sales"})
