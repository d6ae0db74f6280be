from glacier.config import AwsConfig
from glacier import Provider

provider = Provider(config=AwsConfig(region="us-east-1"), tags={"team": "sales"})
