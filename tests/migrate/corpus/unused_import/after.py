from glacier import Provider, task
from glacier.config import LocalConfig
from glacier.providers import AWSProvider

# provider = AWSProvider(region="us-east-1")
provider = Provider(config=LocalConfig(base_path="./data"))
