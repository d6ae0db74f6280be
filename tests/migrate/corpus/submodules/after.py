from glacier import Provider
from glacier.config import AwsConfig, LocalConfig

provider = Provider(config=AwsConfig(region="us-east-1"))
dev = Provider(config=LocalConfig())
