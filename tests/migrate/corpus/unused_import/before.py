from glacier import task
from glacier.providers import AWSProvider, LocalProvider

# provider = AWSProvider(region="us-east-1")
provider = LocalProvider(base_path="./data")
