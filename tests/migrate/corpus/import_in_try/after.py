try:
    from glacier import Provider
    from glacier.config import AwsConfig
except ImportError:
    from glacier import Provider
    from glacier.config import AwsConfig

provider = Provider(config=AwsConfig(region="us-east-1"))
