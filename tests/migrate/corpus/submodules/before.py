from glacier.providers.aws import AWSProvider
from glacier.providers.local import LocalProvider

provider = AWSProvider("us-east-1")
dev = LocalProvider()
