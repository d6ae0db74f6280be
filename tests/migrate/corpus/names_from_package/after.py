from glacier.config import AwsConfig, GcpConfig, LocalConfig
from glacier import Provider, pipeline, task

provider = Provider(config=AwsConfig(region="us-east-1"))
dev = Provider(config=LocalConfig())
other = Provider(config=GcpConfig(project="p"))
