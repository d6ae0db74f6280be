from glacier import Provider; from glacier.config import AwsConfig, GcpConfig; from glacier.providers import (AzureProvider,  # why
LocalProvider,); y = 1
from glacier import (  # first
# last
Provider); z = 2

a = Provider(config=AwsConfig(region="us-east-1"))
b = AzureProvider
c = Provider(config=GcpConfig(project="p"))
d = Provider(config=AwsConfig(region="us-east-1"))
