import os; from glacier import Provider; from glacier.config import AwsConfig; import sys
if os.name: from glacier.config import LocalConfig
from glacier import Provider; from glacier.config import GcpConfig; pass

a = Provider(config=AwsConfig(region="us-east-1"))
b = Provider(config=LocalConfig())
c = Provider(config=GcpConfig(project="p"))
