import glacier as g
from glacier import AWSProvider, LocalProvider, pipeline, task

provider = AWSProvider("us-east-1")
dev = LocalProvider()
other = g.GCPProvider(project="p")
