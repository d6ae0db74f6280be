import os; from glacier.providers import AWSProvider; import sys
if os.name: from glacier.providers import LocalProvider
from glacier import Provider; from glacier.config import GcpConfig; from glacier.providers import GCPProvider

a = AWSProvider("us-east-1")
b = LocalProvider()
c = GCPProvider("p")
